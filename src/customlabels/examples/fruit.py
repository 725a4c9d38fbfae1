"""Close-ups of fruit, drawn: apples, bananas and oranges on tables, cloths and lawns."""

from __future__ import annotations

import numpy as np
from PIL import Image

from customlabels.examples.drawn import Drawing, Drawn
from customlabels.examples.scenes import SIZE, Field, Rng, background, colour, lit, noise, pick
from customlabels.examples.sprites import CANVAS, flat, inside, modelled, put, silhouette, sized, stacked

LABELS = ("Apple", "Banana", "Orange")
TRAIN, TEST = 36, 12
_FULL = (CANVAS, CANVAS)
_SKINS = {
    "Apple": ("#c0262c", "#d63a33", "#8fb83a", "#a51d2d", "#d9a13b", "#6fa537"),
    "Banana": ("#f2cf3f", "#e8c02f", "#f5dc62", "#cfc23f"),
    "Orange": ("#f08a1c", "#f59a2a", "#e87a18"),
}


def picture(rng: Rng, i: int) -> Drawn:
    """One to three pieces of one fruit; the fruits take turns."""
    label = LABELS[i % len(LABELS)]
    image = background(rng)
    for piece in range(int(rng.choice((1, 1, 1, 2, 2, 3)))):
        side = int(rng.integers(120, 210) if piece else rng.integers(150, 300))
        fruit = sized(_DRAW[label](rng), side, float(rng.normal(0, _TILT[label])))
        left = int(rng.integers(-20, max(-19, SIZE[0] - fruit.width + 20)))
        top = int(rng.integers(-10, max(-9, SIZE[1] - fruit.height + 10)))
        put(image, fruit, left, top, 0.5)
    return Drawn(lit(image, rng), (label,))


def apple(rng: Rng) -> Image.Image:
    """An apple: a round body with a dent, a stalk, often a leaf, red or green or both."""
    turns = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    dent = 1 - 0.16 * np.exp(-((np.abs(turns - 1.5 * np.pi) / 0.42) ** 2))
    foot = 1 - 0.05 * np.exp(-((np.abs(turns - 0.5 * np.pi) / 0.3) ** 2))
    narrow = 1 - rng.uniform(0.02, 0.1) * np.clip(np.sin(turns), 0, 1)
    x = 50 + 38 * np.cos(turns) * narrow
    y = 56 + 36 * np.sin(turns) * dent * foot
    body = silhouette(("polygon", np.stack([x, y], 1).ravel().tolist()))
    skin = colour(pick(_SKINS["Apple"], rng), rng)
    other = colour(pick(_SKINS["Apple"], rng), rng)
    blend = np.clip(0.35 + 0.6 * noise(rng, _FULL, (170, 150)), 0, 1)[..., None]
    stripes = noise(rng, _FULL, (16, 140))[..., None] * 9
    layers = [modelled(body, skin * (1 - blend) + other * blend + stripes, 1.1, 0.11, 0.6)]
    layers.append(inside(flat(silhouette(("ellipse", (38, 20, 62, 32))), skin * 0.45), body))
    lean = float(rng.uniform(-8, 8))
    layers.append(modelled(silhouette(("line", (4, 50, 28, 50 + lean, 9))), colour("#5b3d22", rng, 6), 1.0, 0.01))
    if rng.random() < 0.65:
        leaf = silhouette(("polygon", _leaf(51 + lean / 2, 18, 1 if lean > 0 else -1)))
        layers.append(modelled(leaf, colour("#4f8a35", rng, 10), 1.0, 0.03))
    return stacked(*layers)


def banana(rng: Rng) -> Image.Image:
    """A banana, or two or three that hang together."""
    count = int(rng.choice((1, 1, 2, 3)))
    skin = colour(pick(_SKINS["Banana"], rng), rng, 8)
    hands = [_one_banana(rng, skin, i) for i in range(count)]
    return stacked(*hands)


def orange(rng: Rng) -> Image.Image:
    """An orange with a pitted skin, or half of one with its segments."""
    skin = colour(pick(_SKINS["Orange"], rng), rng, 8)
    wide = float(rng.uniform(37, 40))
    body = silhouette(("ellipse", (50 - wide, 12, 50 + wide, 88)))
    pits = np.clip(noise(rng, _FULL, (7, 7)), -0.6, 0.3)[..., None] * 26
    whole = modelled(body, skin + pits, 1.2, 0.14, 0.5)
    if rng.random() < 0.25:
        return _half_orange(whole, skin, rng)
    x, y = float(rng.uniform(36, 60)), float(rng.uniform(28, 50))
    star = [
        value
        for k in range(10)
        for value in (
            x + (5.0 if k % 2 else 2.2) * np.cos(k * np.pi / 5),
            y + (4.2 if k % 2 else 1.9) * np.sin(k * np.pi / 5),
        )
    ]
    layers = [whole, modelled(silhouette(("polygon", star)), colour("#5f7a3a", rng, 8), 1.0, 0.01)]
    if rng.random() < 0.3:
        leaf = silhouette(("polygon", _leaf(x, y, 1)))
        layers.append(modelled(leaf, colour("#3f7a35", rng, 8), 1.0, 0.03))
    return stacked(*layers)


def _half_orange(whole: Image.Image, skin: Field, rng: Rng) -> Image.Image:
    peel = flat(silhouette(("ellipse", (14, 14, 86, 86))), np.array((250, 226, 178)))
    flesh = silhouette(("ellipse", (18, 18, 82, 82)))
    pulp = modelled(flesh, skin * 1.04 + (noise(rng, _FULL, (9, 9)) * 20)[..., None], 0.4, 0.03, 0.2)
    start = rng.uniform(0, np.pi)
    walls = [
        ("line", (1.6, 50, 50, 50 + 34 * np.cos(start + k * np.pi / 5), 50 + 34 * np.sin(start + k * np.pi / 5)))
        for k in range(10)
    ]
    pith = flat(silhouette(*walls, ("ellipse", (46, 46, 54, 54))), np.array((252, 232, 190)))
    return stacked(whole, peel, pulp, inside(pith, flesh))


def _one_banana(rng: Rng, skin: Field, number: int) -> Image.Image:
    """A crescent along an arc; the later of a hand are turned further about the common stalk."""
    bend = float(rng.uniform(1.5, 2.0))
    t = np.linspace(0, 1, 60)
    angle = np.pi * 0.78 - bend * t - 0.2 * number
    radius = 44 - 3.5 * number
    x = 50 + radius * np.cos(angle) * 1.02 + 1.5 * number
    y = 24 + radius * np.sin(angle) * 0.95 + 3 * number
    half = 8.6 * np.clip(np.minimum((t + 0.02) / 0.2, (1.03 - t) / 0.22), 0.17, 1) ** 0.6
    across = np.stack([np.cos(angle), np.sin(angle)], 1) * half[:, None]
    middle = np.stack([x, y], 1)
    body = silhouette(("polygon", np.concatenate([middle + across, (middle - across)[::-1]]).ravel().tolist()))
    freckles = np.clip(noise(rng, _FULL, (12, 12)) - 0.62, 0, 1)[..., None] * -260 * rng.uniform(0, 1)
    fruit = modelled(body, skin + freckles + (noise(rng, _FULL, (120, 60)) * 10)[..., None], 1.25, 0.045, 0.25)
    ridge = middle + across * 0.25
    edge = flat(silhouette(("line", (0.8, *ridge[6:-6].ravel().tolist()))), skin * 0.72)
    brown = np.array((84, 62, 34), np.float32)
    tips = [
        flat(silhouette(("line", (3.4, *middle[part].ravel().tolist()))), brown)
        for part in (slice(0, 4), slice(57, 60))
    ]
    green = flat(silhouette(("line", (9, *middle[3:9].ravel().tolist()))), np.array((150, 170, 60)))
    green.putalpha(green.getchannel("A").point([v // 4 for v in range(256)]))
    return stacked(fruit, inside(edge, body), inside(green, body), *(inside(tip, body) for tip in tips))


def _leaf(x: float, y: float, side: int) -> list[float]:
    t = np.linspace(0, np.pi, 16)
    out = np.linspace(0, 22, 16)
    upper = np.stack([x + side * out, y - 5 * np.sin(t) - out * 0.25], 1)
    lower = np.stack([x + side * out, y + 4 * np.sin(t) - out * 0.25], 1)[::-1]
    points: list[float] = np.concatenate([upper, lower]).ravel().tolist()
    return points


_TILT = {"Apple": 25.0, "Banana": 90.0, "Orange": 12.0}
_DRAW = {"Apple": apple, "Banana": banana, "Orange": orange}
FRUIT = Drawing("fruit", 1, LABELS, TRAIN, TEST, picture)
