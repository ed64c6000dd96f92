"""The scenes of the order centre: which ones a mini program uses, and what each status of one does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access import MerchantRequest, merchant_page
from console.htmx import redirect, toast
from console.orders.scene_message import message_of
from orders import choosing
from orders.scene_fields import field_name
from orders.scenes import SCENES, Node, Scene, for_industry


@dataclass(frozen=True)
class SceneRow:
    scene: Scene
    is_recommended: bool
    is_chosen: bool


@dataclass(frozen=True)
class NodeRow:
    """`fields` and `followers` are names for people; `followers` is empty where the order ends."""

    node: Node
    sentence: str
    fields: list[tuple[str, str]]
    followers: list[str]


@require_safe
@merchant_page("orders.view")
def order_scenes(request: MerchantRequest) -> HttpResponse:
    app = request.mini_program
    chosen = {scene.code for scene in choosing.chosen_scenes(app)} if app else set()
    offered = for_industry(app.industry if app else "")
    rows = [SceneRow(scene, fits, scene.code in chosen) for scene, fits in offered]
    return render(request, "orders/scenes/list.html", {"rows": rows, "n_chosen": len(chosen)})


@require_safe
@merchant_page("orders.view")
def order_scene(request: MerchantRequest, code: str) -> HttpResponse:
    return _page(request, _scene(code))


@require_POST
@merchant_page("orders.manage")
def order_scene_choose(request: MerchantRequest, code: str) -> HttpResponse:
    scene = _scene(code)
    if request.mini_program is None:
        return _page(request, scene, problem=_("Add a mini program first; scenes are chosen for it."))
    if choosing.choose(request.mini_program, code, by=request.user):
        toast(request, _("Chosen. Orders of this scene can be returned now."))
    return redirect(request, "order_scene", merchant=request.merchant.slug, code=code)


@require_POST
@merchant_page("orders.manage")
def order_scene_leave(request: MerchantRequest, code: str) -> HttpResponse:
    scene = _scene(code)
    try:
        if request.mini_program and choosing.leave(request.mini_program, code, by=request.user):
            toast(request, _("Left. No order of this scene is taken any more."))
    except choosing.SceneHasOrders:
        words = _("This scene has orders, and an order keeps its scene for life. It stays chosen.")
        return _page(request, scene, problem=words)
    return redirect(request, "order_scene", merchant=request.merchant.slug, code=code)


def _scene(code: str) -> Scene:
    if code not in SCENES:
        raise Http404
    return SCENES[code]


def _page(request: MerchantRequest, scene: Scene, *, problem: str = "") -> HttpResponse:
    app = request.mini_program
    context: dict[str, Any] = {
        "scene": scene,
        "rows": [_row(scene, node) for node in scene.nodes],
        "is_chosen": app is not None and scene in choosing.chosen_scenes(app),
        "problem": problem,
        "fixed_names": [field_name(key) for key in scene.fixed_fields],
    }
    asked = scene.node(request.GET.get("node", ""))
    shown = asked if asked and asked.notifies else next(iter(scene.notifying), None)
    if shown is not None:
        sender = app.name if app else request.merchant.name
        context |= {"shown": shown, "message": message_of(scene, shown, sender=sender)}
    return render(request, "orders/scenes/scene.html", context, status=422 if problem else 200)


def _row(scene: Scene, node: Node) -> NodeRow:
    names = {key: f"[{field_name(key)}]" for key in scene.field_names}
    return NodeRow(
        node,
        node.sentence_with(names),
        [(field_name(key), key) for key in scene.needed(node.status) or node.fields],
        [str(one.name) for one in scene.followers(node.status)],
    )
