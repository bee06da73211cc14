# Configures and builds when something changed.

# build DIR [CMAKE OPTIONS...] [-- TARGETS...]
build() {
    local dir=$1 options=() targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ "${1:-}" = -- ] && { shift; targets=("$@"); }
    step "configuring the build" cmake -S "$ROOT" -B "$dir" -G Ninja "${options[@]}"
    step "building" cmake --build "$dir" ${targets[@]+--target "${targets[@]}"}
}
