"""The set that protoc-c gets: without options it does not know (their generated headers would include a descriptor.pb-c.h that no package
ships), without the imports that only they needed, and without comments, so that a changed comment rebuilds nothing."""

GONE = ("google/api/annotations.proto", "google/api/http.proto", "google/protobuf/descriptor.proto", "pendientes/options.proto")


def strip(files):
    out = type(files)()
    for file in files.file:
        if file.name in GONE:
            continue
        kept = out.file.add()
        kept.CopyFrom(file)
        kept.ClearField("source_code_info")
        kept.ClearField("options")
        del kept.dependency[:]
        kept.dependency.extend(name for name in file.dependency if name not in GONE)
        for message in kept.message_type:
            strip_message(message)
        for service in kept.service:
            service.ClearField("options")
            for method in service.method:
                method.ClearField("options")
    return out


def strip_message(message):
    message.ClearField("options")
    for field in message.field:
        field.ClearField("options")
    for nested in message.nested_type:
        strip_message(nested)
