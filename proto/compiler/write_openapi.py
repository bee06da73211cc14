def text(contract):
    return "{}"
