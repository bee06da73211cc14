"""The set without options that protoc-c cannot use and without the imports that only they needed."""
GONE = ("google/api/annotations.proto", "google/api/http.proto", "pendientes/options.proto", "google/protobuf/descriptor.proto")


def strip(files):
    out = type(files)()
    for file in files.file:
        if file.name in GONE:
            continue
        kept = out.file.add()
        kept.CopyFrom(file)
        kept.ClearField("source_code_info")
        kept.ClearField("dependency")
        kept.dependency.extend(d for d in file.dependency if d not in GONE)
        kept.ClearField("options")
        for message in kept.message_type:
            clear(message)
        for service in kept.service:
            service.ClearField("options")
            for method in service.method:
                method.ClearField("options")
    return out


def clear(message):
    message.ClearField("options")
    for field in message.field:
        field.ClearField("options")
    for nested in message.nested_type:
        clear(nested)
