"""A picture for cards and coupons: uploaded as a part of the body, then shown at an address of its own.

SIM: formats and size; the platform limits pictures where they are used.
"""

from aiohttp import web

from simulator.codes import Done, Refusal
from simulator.methods.call import Call, Method
from simulator.store import Store

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_NAME_CHARS = 128
_BEGINNINGS = {
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "jpg": (b"\xff\xd8\xff", "image/jpeg"),
    "jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    "bmp": (b"BM", "image/bmp"),
}


def upload(call: Call) -> Done:
    extension, name = call.params.get("image_type", "").lower(), call.params.get("image_name", "")
    if not name or len(name) > MAX_NAME_CHARS:
        raise Refusal("isv.invalid-parameter", f"image_name 为 1 到 {MAX_NAME_CHARS} 个字符")
    if extension not in _BEGINNINGS:
        raise Refusal("isv.invalid-file-extension", f"image_type 需为 {'、'.join(_BEGINNINGS)} 之一")
    file = call.files.get("image_content")
    if file is None:
        raise Refusal("isv.upload-fail", "缺少文件 image_content")
    if not 0 < len(file.content) <= MAX_IMAGE_BYTES:
        raise Refusal("isv.invalid-file-size")
    beginning, content_type = _BEGINNINGS[extension]
    if not file.content.startswith(beginning):
        raise Refusal("isv.upload-fail", f"文件内容不是 {extension}")
    image_id = call.store.save_image(call.app, name, content_type, file.content)
    return Done({"image_id": image_id, "image_url": f"{call.host}/images/{image_id}"})


class Images:
    """What a phone, or anybody with the address, sees of an uploaded picture."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/images/{image_id}", self.image)]

    async def image(self, http: web.Request) -> web.Response:
        rows = await self._store.disk.read(
            "SELECT content_type, content FROM images WHERE image_id = ?", (http.match_info["image_id"],)
        )
        if not rows:
            raise web.HTTPNotFound(text="no such image")
        content_type, content = rows[0]
        return web.Response(
            body=content, content_type=content_type, headers={"X-Content-Type-Options": "nosniff"}
        )


METHODS = {
    "alipay.offline.material.image.upload": Method(
        upload,
        takes=("image_type", "image_name", "image_content", "image_pid"),
        gives=("image_id", "image_url"),
        refuses=(
            "isv.invalid-parameter",
            "isv.invalid-file-extension",
            "isv.upload-fail",
            "isv.invalid-file-size",
        ),
        outside=True,
    )
}
