"""`ejemplo` of a field as a JSON value. Checked against the field's own limits, because an example that is refused is worse than none.
Apart from the model because it knows every form a value has."""
import datetime
import re
from decimal import Decimal


class Example:
    def __init__(self, field):
        self.field, self.text = field, field.o.ejemplo

    def check(self):
        field = self.field
        if not field.o.HasField("ejemplo"):
            return
        if field.is_message:
            field.refuse("ejemplo is for scalars: a message shows its fields'")
        try:
            fits = self.fits()
        except ValueError:
            fits = False
        if not fits:
            field.refuse(f"ejemplo «{self.text}» is no value of it")

    def fits(self):
        f, text = self.field, self.text
        if f.is_int:
            return f.min <= int(text) <= f.max
        if f.is_enum:
            return text in f.values
        if f.is_bool:
            return text in ("true", "false")
        return (self.fits_text, self.fits_decimal, self.fits_date, self.fits_time, self.fits_date_or_time)[f.format]()

    def fits_text(self):
        f, text = self.field, self.text
        long = f.o.largo_min <= len(text) <= f.max_len and (not f.o.bytes_max or len(text.encode()) <= f.o.bytes_max)
        return long and (text.strip() or not f.not_null) and (not f.o.visible or text.isprintable()) and (not f.pattern or f.pattern.search(text))

    def fits_decimal(self):
        return re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]{1,2})?", self.text) and self.field.min_decimal <= Decimal(self.text) <= self.field.max_decimal

    def fits_date(self):
        return datetime.date.fromisoformat(self.text).year >= 1900

    def fits_time(self):
        return "T" in self.text and datetime.datetime.fromisoformat(self.text.replace("Z", "+00:00")).year >= 1900

    def fits_date_or_time(self):
        return self.fits_time() if "T" in self.text else self.fits_date()

    def value(self):
        if not self.text:
            return None
        f, one = self.field, self.text
        if f.is_int:
            one = int(one)
        elif f.is_bool:
            one = one == "true"
        elif f.is_text and f.format == 1:
            one = float(one)
        return [one] if f.repeated else one
