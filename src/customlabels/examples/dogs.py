"""Puppies, drawn: they sit in rooms and gardens, one to three of them, among balls, bones and flowers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from customlabels.examples.drawn import Drawing, Drawn
from customlabels.examples.scenes import SIZE, Field, Rng, background, colour, lit, noise, pick
from customlabels.examples.sprites import CANVAS, flat, free_place, inside, modelled, put, silhouette, sized, stacked
from customlabels.manifest.entry import Box

LABELS = ("Puppy",)
TRAIN, TEST = 24, 6
_FULL = (CANVAS, CANVAS)
_COATS = ("#a8713c", "#d9b27a", "#6b4a32", "#e8dcc6", "#4a4440", "#c08a50", "#8d8a86", "#b5603a")


def picture(rng: Rng, i: int) -> Drawn:
    """One to three puppies with their boxes; what else lies about has none."""
    image = background(rng)
    taken: list[Box] = []
    for _ in range(int(rng.choice((1, 1, 2, 2, 3)))):
        thing = sized(puppy(rng), int(rng.integers(140, 290 if not taken else 200)), float(rng.normal(0, 7)))
        place = free_place(SIZE, thing.size, taken, rng)
        if place is not None:
            put(image, thing, *place)
            taken.append(Box(LABELS[0], *place, *thing.size))
    puppies = tuple(taken)
    for _ in range(int(rng.integers(0, 4))):
        toy = sized(_TOYS[int(rng.integers(len(_TOYS)))](rng), int(rng.integers(50, 100)), float(rng.uniform(0, 360)))
        place = free_place(SIZE, toy.size, taken, rng)
        if place is not None:
            put(image, toy, *place)
            taken.append(Box("", *place, *toy.size))
    return Drawn(lit(image, rng), boxes=puppies)


def puppy(rng: Rng) -> Image.Image:
    """A sitting puppy seen from the front: hanging ears, a muzzle, a collar, perhaps a patch and its tongue out."""
    coat, dark = _coat(rng)
    hair = (noise(rng, _FULL, (5, 16)) * 11)[..., None]
    pale = np.clip(coat * 0.5 + 125, 0, 250)
    side = 1 if rng.random() < 0.5 else -1
    body = silhouette(("ellipse", (28, 48, 72, 98)), ("ellipse", (20, 68, 46, 98)), ("ellipse", (54, 68, 80, 98)))
    tail = silhouette(("line", (7, 50 + side * 20, 88, 50 + side * 36, 80, 50 + side * 41, 64)))
    legs = silhouette(("line", (11, 42, 68, 41, 93)), ("line", (11, 58, 68, 59, 93)))
    paws = silhouette(("ellipse", (33, 89, 48, 99)), ("ellipse", (52, 89, 67, 99)))
    head = silhouette(("ellipse", (26, 6, 74, 54)), ("ellipse", (30, 24, 70, 58)))
    long = float(rng.uniform(44, 58))
    left = ("polygon", (33, 9, 24, 13, 15, 30, 16, long - 4, 22, long, 29, long - 6, 33, 30))
    right = ("polygon", (67, 9, 76, 13, 85, 30, 84, long - 4, 78, long, 71, long - 6, 67, 30))
    layers = [
        modelled(tail, _fur(coat, hair), 1.0, 0.02, 0.05),
        modelled(body, _fur(coat, hair), 1.2, 0.09, 0.05),
        inside(modelled(silhouette(("ellipse", (38, 52, 62, 84))), _fur(pale, hair), 0.5, 0.08, 0.0), body),
        modelled(legs, _fur(coat, hair), 1.2, 0.03, 0.05),
        modelled(paws, _fur(pale, hair), 1.2, 0.02, 0.05),
    ]
    if rng.random() < 0.7:
        band = silhouette(("line", (5, 32, 54, 42, 60, 58, 60, 68, 54)))
        tag = silhouette(("ellipse", (46.5, 60, 53.5, 67)))
        layers += [
            modelled(band, colour(pick(("#d8433f", "#3f6fd8", "#3fa35b", "#8d4fb8"), rng), rng), 1.0, 0.015),
            modelled(tag, colour("#e8c040", rng, 5), 1.0, 0.015),
        ]
    layers.append(modelled(head, _fur(coat, hair), 1.1, 0.1, 0.08))
    if rng.random() < 0.45:
        patch = silhouette(("ellipse", (50 + side * 11 - 10, 17, 50 + side * 11 + 10, 39)))
        layers.append(inside(modelled(patch, _fur(dark, hair), 0.4, 0.08, 0.0), head))
    layers += [modelled(silhouette(ear), _fur(dark, hair), 1.2, 0.04, 0.05) for ear in (left, right)]
    return stacked(*layers, *_face(_fur(pale, hair), rng))


def _face(fur: Field, rng: Rng) -> list[Image.Image]:
    muzzle = silhouette(("ellipse", (36, 32, 53, 52)), ("ellipse", (47, 32, 64, 52)), ("ellipse", (42, 42, 58, 58)))
    black = np.array((28, 24, 24), np.float32)
    eyes = silhouette(("ellipse", (36, 23, 44, 32)), ("ellipse", (56, 23, 64, 32)))
    sparks = silhouette(("ellipse", (38, 24.5, 41, 27.5)), ("ellipse", (58, 24.5, 61, 27.5)))
    nose = silhouette(("ellipse", (43, 32, 57, 41)), ("polygon", (45, 38, 55, 38, 50, 44)))
    mouth = silhouette(("line", (1.2, 50, 43, 50, 47, 45, 51, 40, 49)), ("line", (1.2, 50, 47, 55, 51, 60, 49)))
    face = [modelled(muzzle, fur, 1.0, 0.04, 0.05)]
    if rng.random() < 0.6:
        tongue = silhouette(("ellipse", (45.5, 46, 54.5, 61)))
        face.append(modelled(tongue, np.array((232, 110, 120), np.float32), 1.0, 0.03))
    face += [flat(mouth, black), modelled(nose, black, 0.8, 0.03, 0.8), flat(eyes, black)]
    return [*face, flat(sparks, np.array((255, 255, 255)))]


def _coat(rng: Rng) -> tuple[Field, Field]:
    """The coat's colour, and that of the ears."""
    coat = colour(pick(_COATS, rng), rng, 8)
    return coat, coat * float(rng.uniform(0.5, 0.95))


def _fur(tone: Field, hair: Field) -> Field:
    return np.asarray(tone + hair, np.float32)


def ball(rng: Rng) -> Image.Image:
    """A ball with a band."""
    whole = silhouette(("ellipse", (5, 5, 95, 95)))
    band = silhouette(("line", (14, 5, 60, 50, 40, 95, 60)))
    first, second = (colour(pick(("#d8433f", "#3f6fd8", "#e0c02f", "#3fa35b"), rng), rng) for _ in range(2))
    return stacked(modelled(whole, first, 1.3, 0.13, 0.5), inside(modelled(band, second, 0.5, 0.1), whole))


def bone(rng: Rng) -> Image.Image:
    """A bone to chew."""
    ends = [("ellipse", (x - 12, y - 12, x + 12, y + 12)) for x in (16, 84) for y in (40, 60)]
    return modelled(silhouette(("line", (16, 18, 50, 82, 50)), *ends), colour("#efe6d2", rng, 6), 1.2, 0.04)


def flower(rng: Rng) -> Image.Image:
    """A flower with six petals."""
    turns = np.arange(6) * np.pi / 3
    petals = [
        ("ellipse", (x - 17, y - 17, x + 17, y + 17))
        for x, y in zip(50 + 29 * np.cos(turns), 50 + 29 * np.sin(turns), strict=True)
    ]
    tone = colour(pick(("#e06f9f", "#f4f1ea", "#8d6bd8", "#e0a02f"), rng), rng)
    heart = modelled(silhouette(("ellipse", (37, 37, 63, 63))), colour("#f0c830", rng, 6), 1.0, 0.04)
    return stacked(modelled(silhouette(*petals), tone, 1.2, 0.03, 0.1), heart)


_TOYS: tuple[Callable[[Rng], Image.Image], ...] = (ball, bone, flower)
DOGS = Drawing("puppies", 1, LABELS, TRAIN, TEST, picture)
