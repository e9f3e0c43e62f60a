"""The commands of the gallery, by topic: a new stage is among them by its example."""

from __future__ import annotations

from cvkit.cli import examples
from cvkit.cli.parameters import parameters
from cvkit.core import catalog

EACH = {
    "threshold": "threshold page.jpg --method {}",
    "edges": "edges astronaut.jpg --method {}",
    "blur": "blur cat.jpg --size 7% --method {}",
    "flip": "flip astronaut.jpg --direction {}",
    "gray": "gray coffee.jpg --method {}",
    "redact": "detect astronaut.jpg --model haar-face then redact --method {}",
}
"""Stages of which every choice of a parameter is shown."""

ALONE = {
    "threshold": {
        "minimum": "threshold coffee.jpg --method minimum",
        "multi-otsu": "threshold coins.jpg --method multi-otsu",
        "triangle": "threshold hubble.jpg --method triangle",
        "niblack": "",
    },
}
"""Choices that are best seen on another picture; empty where an example has it."""

MORE = {
    "color": [
        "bit-depth page.jpg --stretch",
        "colorspace coffee.jpg --to hsv",
        "channels coffee.jpg --space lab",
        "dominant-colors rocket.jpg --count 6",
    ],
    "filter": ["blur retina.jpg --method median --size 5%"],
    "morphology": [
        "morph horse.png --op erode --size 5%",
        "morph horse.png --op dilate --size 5%",
        "morph horse.png --op open --size 9%",
        "morph horse.png --op close --size 15%",
        "morph horse.png --op gradient --size 3%",
        "morph horse.png --op skeleton",
        "morph horse.png --op thin --iterations 12",
        "morph page.jpg --op blackhat --size 9%",
        "run vessels.yml retina.jpg",
        "threshold coins.jpg then morph --op remove-small --area 0.5%",
        "threshold coins.jpg then morph --op fill-holes",
        "threshold hubble.jpg then morph --op hit-or-miss then morph --op dilate",
        "run sketch.yml astronaut.jpg",
    ],
    "shape": [
        "run coins.yml coins.jpg",
        "contours cells.jpg --min-area 0.5%",
        "contours horse.png --shape hull",
        "morph coins.jpg --op tophat --size 50% then threshold then contours --shape box",
    ],
    "geometry": [
        "resize coffee.jpg --to 300x300 --fit pad --fill white",
        "resize coffee.jpg --to 300x300 --fit stretch",
        "crop coffee.jpg --center 50%",
    ],
    "combine": [
        "bitwise coins.jpg --op not",
        "overlay cat.jpg rocket.jpg --scale 0.3",
    ],
    "detect": [
        "detect portrait.mp4 --model haar-face",
        "detect astronaut.jpg --model haar-eye",
        "detect walkers.mp4 --model hog",
        "run privacy.yml portrait.mp4",
    ],
    "motion": [
        "background coin.mp4 then morph --op open then contours --top 1",
        "background-plate walkers.mp4",
        "motion walkers.mp4",
        "optical-flow walkers.mp4",
        "optical-flow walkers.mp4 --method farneback",
    ],
    "chain": ["run scan.yml page.jpg"],
}
"""What else is shown of a topic, without `cvkit`."""


def lines_of(topic: str) -> list[str]:
    """Every command of a topic's sheet, as it is typed among the samples, each once; those on one
    picture stand together within a stage."""
    found: list[str] = []
    for entry in ours()[topic]:
        own = [examples.typed(line) for line in catalog.examples(entry.name)]
        own += each_of(entry.name)
        own += [f"cvkit {line}" for line in MORE.get(topic, []) if line.split()[0] == entry.name]
        order = list(dict.fromkeys(map(source, own)))
        found += sorted(own, key=lambda line: order.index(source(line)))
    found += [f"cvkit {line}" for line in MORE.get(topic, [])]
    once = {line.partition(" -o ")[0]: line for line in reversed(found)}
    return [line for line in dict.fromkeys(found) if line in once.values()]


def ours() -> dict[str, list[catalog.Entry]]:
    """The stages of cvkit itself by topic."""
    kept = {t: [e for e in es if not e.distribution] for t, es in catalog.topics().items()}
    return {topic: entries for topic, entries in kept.items() if entries}


def source(line: str) -> str:
    """The first picture that the line names."""
    return next((w for w in line.split() if w.endswith((*examples.SHOWN, *examples.MOVING))), "")


def each_of(name: str) -> list[str]:
    """A command for each choice of the parameter that EACH names."""
    if name not in EACH:
        return []
    field = EACH[name].rpartition("--")[2].split()[0]
    found = parameters(catalog.load(name))[field]
    own = [examples.typed(line).partition(" -o ")[0] for line in catalog.examples(name)]
    shown = f"cvkit {EACH[name]}".removesuffix(f" --{field} {{}}") in own
    choices = [c for c in found.choices if not (shown and c == found.default)]
    alone = ALONE.get(name, {})
    lines = [alone.get(choice, EACH[name].format(choice)) for choice in choices]
    return [f"cvkit {line}" for line in lines if line]
