"""Files in and out, without JSON: the values of binary fields, and the attachments of records."""

import base64
import hashlib
import struct
from io import BytesIO

from PIL import Image

from odoo.exceptions import MissingError, UserError
from odoo.tools.image import IMAGE_MAX_RESOLUTION, image_process
from odoo.tools.mimetypes import guess_mimetype

from .arguments import count, required
from .binaries import holds_data
from .documents import readable_ids
from .errors import RefusalError
from .file_transfer import current_file
from .reach import READ, WRITE
from .refusals import missing
from .writing import create, write

FILES = "ir.attachment"
MAX_SIDE = 4096
MAX_IMAGE_BYTES = 64 * 1024**2
# What Pillow and Odoo raise for files that are not images, or are damaged or too large.
BROKEN = (EOFError, Image.DecompressionBombError, OSError, SyntaxError, UserError, ValueError, struct.error)


def content(env, reach, operation):
    """Up to `bytes` bytes of a field's file, beginning at the offset `from`, with `size, name, type, etag`. Name and
    type come from Odoo. With `side`, the file is an image that fits into a square with sides of this many pixels; if
    `bytes` is 0, the image is not made, and `size` is 0."""
    model = reach.model(env, required(operation, "model"), READ)
    field = _file_field(reach, model, required(operation, "field"), READ)
    model._check_field_access(field, "read")
    id_ = count(operation, "id", None, 1)
    if id_ not in readable_ids(model, [id_]):
        raise missing(model._name, [id_])
    record = model.browse(id_)
    stream = _stream(env, record, field)
    side = operation.get("side")
    start, most = count(operation, "from", 0, 0), count(operation, "bytes", None, 0)
    etag, type_, size, data = stream.etag, stream.mimetype, stream.size, None
    if side is not None:
        etag = f"{etag}-{count(operation, 'side', None, 1)}"
        data, type_ = _resized(field, stream, side) if most else (b"", type_)
        reach.room.check(len(data))
        size = len(data)
    elif stream.type == "data":
        data = stream.data or b""
    if data is not None:
        current_file().sent = data[start : start + most]
    elif most:
        with open(stream.path, "rb") as file:
            file.seek(start)
            current_file().sent = file.read(min(most, max(0, size - start)))
    return {"size": size, "name": stream.download_name, "type": type_, "etag": str(etag)}


def _stream(env, record, field):
    try:
        stream = env["ir.binary"]._get_stream_from(record, field.name)
    except (MissingError, FileNotFoundError) as exc:
        raise _without_file(record, field) from exc
    if stream.type == "url":
        raise RefusalError(
            "odoo.validation",
            f"{record._name} {record.id} is a link, not a file. Read its field url.",
            model=record._name,
            field=field.name,
        )
    if not stream.size:
        raise _without_file(record, field)
    return stream


def _without_file(record, field):
    text = f"The field {field.name} of {record._name} {record.id} holds no file."
    return RefusalError("odoo.missing", text, model=record._name, id=record.id, field=field.name)


def _resized(field, stream, side):
    """(image, its type)"""
    if side > MAX_SIDE:
        raise RefusalError("odoo.arguments", f"'side' may be at most {MAX_SIDE} pixels.", argument="side")
    if not (stream.mimetype or "").startswith("image/"):
        raise RefusalError("odoo.validation", f"The field {field.name} holds no image to resize.", field=field.name)
    if stream.size > MAX_IMAGE_BYTES:
        message = f"The image cannot be resized: it has more than {MAX_IMAGE_BYTES} bytes."
        raise RefusalError("odoo.validation", message, field=field.name)
    original = stream.read()
    try:
        _require_few_pixels(original)
        image = image_process(original, size=(side, side), verify_resolution=True)
    except BROKEN as exc:
        raise RefusalError("odoo.validation", f"The image cannot be resized: {exc}", field=field.name) from exc
    return image, stream.mimetype if image is original else guess_mimetype(image, default=stream.mimetype)


def _require_few_pixels(image):
    """Refuse images with too many pixels. Odoo checks their number too late: it turns photos upright first."""
    if image[:1] == b"<" or image[:4] == b"RIFF":  # not resized
        return
    with Image.open(BytesIO(image)) as opened:
        width, height = opened.size
    if width * height > IMAGE_MAX_RESOLUTION:
        raise ValueError(f"it has {width} x {height} pixels; at most {IMAGE_MAX_RESOLUTION:.0f} are possible.")


def store(env, reach, operation):
    """Writes the file after the body to a field, or with `attach` as a new attachment of the record. Returns `{ids}`:
    the id of the record or, with `attach`, of the new attachment.

    `operation`: `model, id, field | attach: true, sha256, filename?, type?`"""
    data = current_file().received
    if hashlib.sha256(data).hexdigest() != required(operation, "sha256"):
        raise RefusalError("odoo.arguments", "The file is not complete.", argument="sha256")
    model = reach.known(env, required(operation, "model"))
    id_ = count(operation, "id", None, 1)
    encoded = base64.b64encode(data).decode()
    if operation.get("attach"):
        reach.require(model._name, READ)
        about = {"res_model": model._name, "res_id": id_}
        if id_ not in readable_ids(model, [id_]):
            raise missing(model._name, [id_])
        values = {**about, **_labels(operation), "raw": encoded}
        return create(env, reach, {"model": FILES, "values": [values]})
    field = _file_field(reach, model, required(operation, "field"), WRITE)
    values = {field.name: encoded}
    if model._name == FILES:
        # Callers cannot set the media type of an existing attachment: Odoo derives it from the name and the content.
        values |= {key: value for key, value in _labels(operation).items() if key == "name"}
    return write(env, reach, {"model": model._name, "ids": [id_], "values": values})


def _labels(operation):
    labels = {"name": operation.get("filename"), "mimetype": operation.get("type")}
    return {key: value for key, value in labels.items() if value is not None}


def _file_field(reach, model, name, action):
    field = reach.field(model, name, action)
    if field.type != "binary" or holds_data(field):
        raise RefusalError(
            "odoo.field", f"The field {name} of {model._name} holds no file.", model=model._name, field=name
        )
    return field
