"""Drawn pictures that look like what stands before a factory camera: meshes, weaves, perforated plates, brushed metal, cast
surfaces, knurls, leather, bricks, wood, turning marks, and parts on plain grounds. Own work; nothing is copied.

A `Product` is a design. Its instances differ as good parts do: another grain, another light, a little play. A part's `fault`
is an instance with something wrong in it: a component that is missing, in the wrong place, of the wrong size or material, or
one too many.
"""

import numpy as np
from scipy import ndimage

SIZE = 256
FAULTS = ("missing", "misplaced", "size", "material", "extra")


def grain(rng, exponent=1.8, stretch=1.0, angle=0.0):
    """Noise with a spectrum 1/f^exponent, stretched along an angle; mean 0, deviation 1, (SIZE, SIZE)."""
    y, x = np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None]
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    frequency = np.sqrt((u * stretch) ** 2 + (v / stretch) ** 2) + 1 / SIZE
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIZE, SIZE))) / frequency ** (exponent / 2)).real
    noise -= noise.mean()
    return noise / (noise.std() + 1e-9)


def edge(distance, softness):
    """1 inside (distance > 0), 0 outside, soft over some pixels."""
    return 1 / (1 + np.exp(-np.clip(distance / softness, -40, 40)))


def stripes(t, period, width, softness):
    return edge(width / 2 - np.abs((t / period + 0.5) % 1 - 0.5) * period, softness)


def _axes(design, rng, warp):
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64) - SIZE / 2
    angle = design.uniform(0, np.pi) if design.random() < 0.6 else design.choice([0, np.pi / 2])
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if warp:
        u, v = u + warp * grain(rng, 3.2), v + warp * grain(rng, 3.2)
    return u, v


def texture(design, rng):
    """Height of a surface, about 0 to 1. `design` gives its kind and measures, `rng` what differs from piece to piece."""
    kind = design.integers(0, 14)
    u, v = _axes(design, rng, design.choice([0, 0, 1, 3]))
    p = design.uniform(6, 44)
    q = p * design.choice([1, 1, 1, design.uniform(0.5, 2)])
    soft = design.uniform(0.4, 1.5)
    a, b, c, d = design.uniform(0, 1, 4)
    if kind == 0:  # mesh
        height = np.maximum(stripes(u, p, (0.12 + 0.48 * a) * p, soft), stripes(v, q, (0.12 + 0.48 * b) * q, soft))
    elif kind == 1:  # weave
        over = np.sin(np.pi * u / p) * np.sin(np.pi * v / p) > 0
        height = np.where(over, np.abs(np.sin(np.pi * u / p)), np.abs(np.sin(np.pi * v / p))) ** (0.4 + 1.1 * a)
    elif kind == 2:  # perforated plate
        uu = ((u / p + 0.5 * (np.floor(v / q) % 2) * (a > 0.5)) % 1 - 0.5) * p
        height = 1 - edge(np.hypot(uu, ((v / q) % 1 - 0.5) * q) - (0.2 + 0.22 * b) * min(p, q), soft)
    elif kind == 3:  # brushed
        height = grain(rng, 0.3 + 0.9 * a, 3 + 6 * b, np.pi * c) * 0.15 + 0.5
    elif kind == 4:  # cast
        height = grain(rng, 0.8 + 1.6 * a) * 0.12 + 0.5
    elif kind == 5:  # ribs
        height = stripes(u, p, (0.2 + 0.5 * a) * p, soft * (1 + 2 * b))
    elif kind == 6:  # knurl
        t = 0.3 + 0.9 * a
        height = np.maximum(
            stripes(u, p, 0.4 * p, soft * 2), stripes(u * np.cos(t) + v * np.sin(t), p, 0.4 * p, soft * 2))
    elif kind == 7:  # leather
        points = np.clip(rng.uniform(-10, SIZE + 10, (int((SIZE / p) ** 2) + 4, 2)).astype(int), 0, SIZE - 1)
        free = np.ones((SIZE, SIZE), bool)
        free[points[:, 0], points[:, 1]] = False
        nearest = ndimage.distance_transform_edt(free, return_indices=True)[1]
        cell = nearest[0] * SIZE + nearest[1]
        border = (cell != np.roll(cell, 1, 0)) | (cell != np.roll(cell, 1, 1))
        height = edge(ndimage.distance_transform_edt(~border) - 0.5 - 2 * a, soft) * 0.8 + 0.1 * grain(rng, 2)
    elif kind == 8:  # bricks
        width, row = p * (1.5 + 1.5 * a), np.floor(v / p)
        joints = np.maximum(stripes(v, p, 1 + 3 * b, soft), stripes(u + row % 2 * width / 2, width, 1 + 3 * c, soft))
        height = (1 - joints) * (0.8 + 0.2 * np.sin(row * 12.9 + np.floor((u + row % 2 * width / 2) / width) * 78.2))
    elif kind == 9:  # wood
        rings = u / p + (0.5 + 1.5 * a) * grain(rng, 3, 2 + 3 * b, 0.3 * c)
        height = 0.5 + 0.5 * np.sin(2 * np.pi * rings) * (0.3 + 0.7 * d)
    elif kind == 10:  # turning marks
        radius = np.hypot(u - 120 * (a - 0.5), v - 120 * (b - 0.5))
        height = 0.5 + 0.4 * np.sin(2 * np.pi * radius / (3 + 17 * c) + 0.4 * d * grain(rng, 2.5))
    elif kind == 11:  # blotches
        height = ndimage.gaussian_filter((grain(rng, 0.5 + a) > 2 * b - 1).astype(float), 0.6 + 1.4 * c)
    elif kind == 12:  # honeycomb
        turns = np.arange(3) * np.pi / 3
        height = sum(np.sin(2 * np.pi * (u * np.cos(t) + v * np.sin(t)) / p) for t in turns) / 4 + 0.5
    else:  # sawtooth
        height = np.abs((u / p) % 1 - 0.5) * 2 * (1 - np.abs((v / q) % 1 - 0.5) * 2 * a)
    return np.clip(height, -0.2, 1.2)


def paint(design, rng, height):
    """Two colours (half of the time greys) over a height, with a grain: (SIZE, SIZE, 3)."""
    low, high = design.uniform(0, 1, 3), design.uniform(0, 1, 3)
    if design.random() < 0.5:
        low, high = np.repeat(low[:1], 3), np.repeat(high[:1], 3)
    if np.abs(low - high).mean() < 0.15:
        high = np.clip(low + design.choice([-1, 1]) * design.uniform(0.2, 0.6), 0, 1)
    rough, amount = design.uniform(0, 2), design.uniform(0, 0.06)
    return low + (high - low) * height[..., None] + (grain(rng, rough) * amount)[..., None]


def _shape(design, rng, radius, other, soft):
    """A component's mask around its own centre, as a function of (u, v)."""
    kind = design.integers(0, 6)
    a, b = design.uniform(0, 1, 2)
    count = design.integers(3, 9) if kind == 5 else design.integers(6, 40)

    def mask(u, v):
        distance, angle = np.hypot(u, v), np.arctan2(v, u)
        if kind == 0:
            return edge(radius - distance, soft)
        if kind == 1:
            return edge(radius - distance, soft) * (1 - edge(radius * (0.2 + 0.6 * a) - distance, soft))
        if kind == 2:
            return edge(radius - np.abs(u), soft) * edge(other * 0.5 - np.abs(v), soft)
        if kind == 3:
            teeth = radius * (1 + (0.03 + 0.17 * a) * np.tanh(3 * np.sin(count * angle)))
            return edge(teeth - distance, soft) * (1 - edge(radius * (0.1 + 0.5 * b) - distance, soft))
        if kind == 4:
            pitch = 5 + 11 * a
            return edge(radius - np.abs(u), soft) * edge(
                other * 0.3 * (1 + 0.5 * np.abs((u / pitch) % 1 - 0.5)) - np.abs(v), soft)
        side = 2 * np.pi / count
        return edge(radius * np.cos(side / 2) / np.cos(angle % side - side / 2) - distance, soft)

    return mask


class Product:
    """A design by its seed. The same seed draws the same product on every machine with the same numpy and scipy."""

    def __init__(self, seed):
        self.seed = seed
        self.is_texture = np.random.default_rng([seed, 0]).random() < 0.45
        self.components = 0 if self.is_texture else int(np.random.default_rng([seed, 1]).integers(2, 6))

    def _component(self, picture, index, rng, fault):
        design = np.random.default_rng([self.seed, 10 + index])
        place = design.uniform(-55, 55, 2) if index else design.uniform(-12, 12, 2)
        radius = design.uniform(50, 110) if index == 0 else design.uniform(9, 45)
        other, soft = design.uniform(20, 90) * (1 if index == 0 else 0.5), design.uniform(0.5, 1.5)
        turn = design.uniform(0, np.pi)
        play = rng.normal(0, 0.7, 2)
        scale = 1 + rng.normal(0, 0.006)
        if fault == "misplaced":
            way = rng.uniform(0, 2 * np.pi)
            place = place + rng.uniform(10, 35) * np.array([np.cos(way), np.sin(way)])
        if fault == "size":
            scale *= rng.choice([rng.uniform(0.5, 0.8), rng.uniform(1.25, 1.6)])
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64) - SIZE / 2
        x, y = (x - place[0] - play[0]) / scale, (y - place[1] - play[1]) / scale
        u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        mask = _shape(design, rng, radius, other, soft)(u, v)
        holes = int(design.integers(2, 9)) if design.random() < 0.35 else 0
        orbit, bore = radius * design.uniform(0.3, 0.8), design.uniform(3, 4) + radius * 0.06
        for hole in range(holes):
            angle = 2 * np.pi * hole / holes
            mask = mask * (1 - edge(bore - np.hypot(u - orbit * np.cos(angle), v - orbit * np.sin(angle)), soft))
        surface = np.random.default_rng([self.seed, (500 if fault == "material" else 100) + index])
        if surface.random() < 0.6:
            colour = paint(surface, rng, texture(surface, rng))
        else:
            tone = surface.uniform(0, 1, 3) if surface.random() < 0.5 else np.repeat(surface.uniform(0, 1), 3)
            shade = 0.15 * surface.choice([-1, 1]) * np.clip(1 - np.hypot(u, v) / radius, -1, 1)
            colour = tone + shade[..., None]
        blur, dark = design.uniform(2, 8), 0.4 * design.random()
        shadow = np.roll(ndimage.gaussian_filter(mask, blur), design.integers(-4, 5, 2), (0, 1)) * (1 - mask)
        return picture * (1 - dark * shadow[..., None]) * (1 - mask[..., None]) + colour * mask[..., None]

    def draw(self, instance, fault=None):
        """uint8 (SIZE, SIZE, 3). The same instance with and without a fault differs in nothing else."""
        design, rng = np.random.default_rng([self.seed, 2]), np.random.default_rng([self.seed, 3, instance])
        if self.is_texture:
            picture = paint(design, rng, texture(design, rng))
        else:
            tone = design.uniform(0, 1, 3) if design.random() < 0.5 else np.repeat(design.uniform(0, 1), 3)
            picture = np.ones((SIZE, SIZE, 3)) * tone
            picture += (grain(rng, design.uniform(1, 2.5)) * design.uniform(0, 0.04))[..., None]
            chosen = np.random.default_rng([self.seed, 4, instance]).integers(1, self.components) if fault else -1
            for index in range(self.components + (fault == "extra")):
                if index == chosen and fault == "missing":
                    continue
                # A generator of its own: what one component lacks shifts no number of the next.
                own = np.random.default_rng([self.seed, 5, instance, index])
                wrong = fault if index == chosen and fault in ("misplaced", "size", "material") else None
                picture = self._component(picture, index, own, wrong)
        y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
        light = np.random.default_rng([self.seed, 6, instance])
        slope = design.uniform(-0.3, 0.3, 2) + light.normal(0, 0.02, 2)
        picture = picture * (1 + slope[0] * x + slope[1] * y)[..., None]
        if design.random() < 0.3:
            picture = ndimage.gaussian_filter(picture, (design.uniform(0.3, 1.2),) * 2 + (0,))
        picture = picture + light.normal(0, design.uniform(0, 0.03), picture.shape)
        return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def product(seed, instances):
    """(instances + 1, SIZE, SIZE, 3): good instances, then the last of them with a fault (without one for textures)."""
    it = Product(seed)
    good = [it.draw(instance) for instance in range(instances)]
    if it.is_texture:
        return np.stack(good + good[-1:])
    fault = FAULTS[int(np.random.default_rng([seed, 7]).integers(0, len(FAULTS)))]
    return np.stack(good + [it.draw(instances - 1, fault)])
