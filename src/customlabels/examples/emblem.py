"""Two emblems of our own, drawn: close up to learn from, and on signs, shirts, crates and flags to be found.

The pictures to learn from carry labels of the whole picture, those to test with have boxes: the case of brands.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from customlabels.examples.drawn import Drawing, Drawn
from customlabels.examples.scenes import Field, Rng, background, colour, lit, noise, pick
from customlabels.examples.sprites import CANVAS, flat, free_place, inside, modelled, put, silhouette, sized, stacked
from customlabels.manifest.entry import Box

LABELS = ("Lark", "Pine")
TRAIN, TEST = 32, 16
_FULL = (CANVAS, CANVAS)
_CLOSE, _SCENE = 320, 400
_NAVY = np.array((28, 52, 104), np.float32)
_CREAM = np.array((250, 240, 214), np.float32)
_CORAL = np.array((236, 92, 66), np.float32)
_FOREST = np.array((30, 104, 70), np.float32)
_SUN = np.array((250, 196, 60), np.float32)


def picture(rng: Rng, i: int) -> Drawn:
    """A close-up with its label, or one of the later pictures: a scene with boxes. The emblems take turns."""
    label = LABELS[i % len(LABELS)]
    return _close_up(rng, label) if i < TRAIN else _scene(rng, label)


def lark() -> Image.Image:
    """A ring with a bird that rises."""
    disc = silhouette(("ellipse", (2, 2, 98, 98)))
    ring = silhouette(("ellipse", (7, 7, 93, 93)), ("-ellipse", (14, 14, 86, 86)))
    t = np.linspace(0, 1, 30)
    back = np.stack([24 + 50 * t, 66 - 34 * t - 10 * np.sin(np.pi * t)], 1)
    belly = np.stack([74 - 46 * t, 32 + 38 * t + 13 * np.sin(np.pi * t)], 1)
    bird = silhouette(
        ("polygon", np.concatenate([back, belly]).ravel().tolist()),
        ("ellipse", (62, 24, 78, 40)),
        ("polygon", (28, 60, 14, 62, 22, 68, 16, 76, 34, 72)),
        ("polygon", (46, 46, 30, 18, 52, 26, 62, 40)),
    )
    beak = silhouette(("polygon", (76, 28, 87, 33, 76, 36)))
    wing = silhouette(("polygon", (44, 50, 40, 76, 60, 64, 64, 46)))
    eye = silhouette(("ellipse", (69, 29, 73, 33)))
    return stacked(
        flat(disc, _NAVY),
        flat(ring, _CREAM),
        flat(bird, _CREAM),
        flat(beak, _SUN),
        inside(flat(wing, _CORAL), disc),
        flat(eye, _NAVY),
    )


def pine() -> Image.Image:
    """A tree before the sun in a square with cut corners."""
    outer, inner = (
        silhouette(("polygon", (e, 22, 22, e, 78, e, 100 - e, 22, 100 - e, 78, 78, 100 - e, 22, 100 - e, e, 78)))
        for e in (3, 9)
    )
    sun = silhouette(("ellipse", (26, 16, 74, 64)))
    tree = silhouette(
        ("polygon", (50, 14, 64, 38, 36, 38)),
        ("polygon", (50, 28, 70, 56, 30, 56)),
        ("polygon", (50, 44, 76, 75, 24, 75)),
        ("polygon", (45, 74, 55, 74, 55, 86, 45, 86)),
    )
    return stacked(flat(outer, _FOREST), flat(inner, _CREAM), flat(sun, _SUN), flat(tree, _FOREST))


def _close_up(rng: Rng, label: str) -> Drawn:
    """An emblem that fills the picture to its edges, before plain paper as in a book of brands.

    A textured ground would end where the picture ends, and a detector would take its end for the emblem's.
    """
    mark = sized(_MARKS[label](), _CLOSE, *_view(rng))
    tone = float(rng.uniform(60, 180)) + rng.normal(0, 6, 3)
    image = Image.new("RGB", mark.size, tuple(int(value) for value in tone))
    put(image, mark, 0, 0, 0.0)
    return Drawn(lit(image, rng), (label,))


def _scene(rng: Rng, label: str) -> Drawn:
    """An emblem on a thing that may reach out of the picture, and marks of nobody."""
    image = background(rng, (_SCENE, _SCENE))
    carrier, where = _CARRIERS[int(rng.integers(len(_CARRIERS)))](rng)
    side = int(rng.integers(240, 330))
    thing, (x0, y0, x1, y1) = _carried(carrier, where, sized(_MARKS[label](), where[2], *_view(rng)), side)
    left, top = (int(rng.integers(8, _SCENE - 8 - length)) for length in (x1 - x0, y1 - y0))
    put(image, thing, left - x0, top - y0)
    taken = [Box("", left - x0, top - y0, *thing.size)]
    for _ in range(int(rng.integers(0, 3))):
        other = sized(_STRANGERS[int(rng.integers(len(_STRANGERS)))](rng), int(rng.integers(50, 90)), *_view(rng))
        place = free_place(image.size, other.size, taken, rng)
        if place is not None:
            put(image, other, *place)
            taken.append(Box("", *place, *other.size))
    return Drawn(lit(image, rng), boxes=(Box(label, left, top, x1 - x0, y1 - y0),))


def _carried(
    carrier: Image.Image, where: tuple[int, int, int], mark: Image.Image, side: int
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """The thing with the mark on it, whose longer side is `side` pixels, and the mark's corners in that picture."""
    left, top = where[0] - mark.width // 2, where[1] - mark.height // 2
    whole = carrier.copy()
    whole.alpha_composite(mark, (left, top))
    scale = side / max(mark.size)
    size = round(whole.width * scale), round(whole.height * scale)
    thing = whole.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    x0, y0, x1, y1 = (round(value * scale) for value in (left, top, left + mark.width, top + mark.height))
    return thing, (x0, y0, x1, y1)


def _view(rng: Rng) -> tuple[float, float]:
    """The turn in degrees and the squeeze of a mark that is seen a little from the side."""
    return float(rng.normal(0, 6)), float(rng.uniform(0.88, 1.0))


def sign(rng: Rng) -> tuple[Image.Image, tuple[int, int, int]]:
    """A board on a post."""
    board = silhouette(("polygon", (8, 6, 92, 6, 92, 78, 8, 78)))
    post = silhouette(("polygon", (45, 70, 55, 70, 55, 99, 45, 99)))
    wood = colour(pick(("#c49a6c", "#8a5f3c", "#e8e2d4", "#9aa4ad"), rng), rng)
    grain = (noise(rng, _FULL, (200, 6)) * 10)[..., None]
    return stacked(modelled(post, wood * 0.8), modelled(board, wood + grain, 1.0, 0.02, 0.1)), (200, 168, 262)


def shirt(rng: Rng) -> tuple[Image.Image, tuple[int, int, int]]:
    """A T-shirt."""
    cut = silhouette(
        ("polygon", (30, 6, 70, 6, 98, 24, 88, 44, 77, 38, 77, 97, 23, 97, 23, 38, 12, 44, 2, 24)),
        ("-ellipse", (38, -4, 62, 13)),
    )
    cloth = colour(pick(("#e9e6df", "#c94f4f", "#6f86b5", "#e5c65a", "#8a8f96", "#b58fc0"), rng), rng)
    folds = (noise(rng, _FULL, (70, 160)) * 14)[..., None]
    return modelled(cut, cloth + folds, 1.0, 0.04, 0.05), (200, 208, 196)


def crate(rng: Rng) -> tuple[Image.Image, tuple[int, int, int]]:
    """A cardboard box seen from the front and above."""
    card = colour(pick(("#c69c6d", "#b88a58", "#d8bd94"), rng), rng, 8)
    front = silhouette(("polygon", (6, 24, 94, 24, 94, 96, 6, 96)))
    lid = silhouette(("polygon", (6, 24, 18, 8, 82, 8, 94, 24)))
    tape = silhouette(("polygon", (46, 8, 54, 8, 55, 32, 45, 32)))
    grit = (noise(rng, _FULL, (8, 8)) * 6)[..., None]
    return (
        stacked(
            modelled(front, card + grit, 0.8, 0.03, 0.0),
            flat(lid, card * 1.12),
            flat(tape, np.clip(card * 1.25, 0, 255)),
        ),
        (200, 248, 250),
    )


def flag(rng: Rng) -> tuple[Image.Image, tuple[int, int, int]]:
    """A flag on a pole."""
    cloth = colour(pick(("#f2efe8", "#d8c24f", "#d87f6a", "#8fb5d8", "#a8c99a"), rng), rng)
    waves = (np.sin(np.arange(CANVAS) / 24)[None, :, None] * 13).astype(np.float32)
    pole = silhouette(("line", (4, 8, 4, 8, 97)))
    sheet = silhouette(("polygon", (10, 6, 97, 9, 95, 76, 10, 74)))
    plain: Field = cloth + waves + np.zeros((CANVAS, 1, 1), np.float32)
    return stacked(modelled(sheet, plain, 0.8, 0.03, 0.0), modelled(pole, colour("#8d8a86", rng, 6), 1.2, 0.01)), (
        212,
        164,
        240,
    )


def lozenge(rng: Rng) -> Image.Image:
    """A mark of nobody: a lozenge with a star."""
    first, second = colour("#7a3f8f", rng), colour("#f0d8f0", rng)
    turns = -np.pi / 2 + np.arange(10) * np.pi / 5
    radius = np.where(np.arange(10) % 2, 9, 22)
    star = np.stack([50 + radius * np.cos(turns), 50 + radius * np.sin(turns)], 1).ravel().tolist()
    return stacked(
        flat(silhouette(("polygon", (50, 2, 98, 50, 50, 98, 2, 50))), first),
        flat(silhouette(("polygon", star)), second),
    )


def waves(rng: Rng) -> Image.Image:
    """A mark of nobody: a square with three waves."""
    t = np.linspace(0, 1, 30)
    lines = [
        ("line", (6, *np.stack([16 + 68 * t, y + 6 * np.sin(t * 4 * np.pi)], 1).ravel().tolist())) for y in (30, 50, 70)
    ]
    square = silhouette(("polygon", (4, 4, 96, 4, 96, 96, 4, 96)))
    return stacked(flat(square, colour("#d8eef0", rng)), flat(silhouette(*lines), colour("#2f8fa7", rng)))


_MARKS: dict[str, Callable[[], Image.Image]] = {"Lark": lark, "Pine": pine}
_CARRIERS = (sign, shirt, crate, flag)
_STRANGERS = (lozenge, waves)
EMBLEM = Drawing("emblem", 1, LABELS, TRAIN, TEST, picture)
