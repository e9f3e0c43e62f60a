"""What holds for every stage, a page each: `cvkit help run|inputs|outputs|formats|…`."""

from __future__ import annotations

from typing import TextIO

from cvkit.cli import terminal

TOPICS = {
    "run": "options that hold for a whole run",
    "inputs": "what can be read, and how it is named",
    "outputs": "where results go, and in which form",
    "formats": "which pictures are read and written, and what becomes of them",
    "backends": "what runs networks, how fast and how exactly",
    "units": "how lengths, levels, times, colours and sizes are written",
}

_INPUTS = """
Every bare word after the first stage is an input. What a file is, its content decides, not its
suffix.

  photo.jpg           a picture, a video or an animation
  photos/             a folder with all below it; --include and --exclude choose
  'shots/*.png'       a pattern, in quotes; ** stands for folders too
  @list.txt           the inputs that a text file names, one a line
  seq:frames/         numbered pictures as one video, --fps 25 unasked;
                      seq:f_%05d.png and seq:'f_*.png' too
  canvas:640x480:tomato
                      a picture of one colour, white unasked, or transparent
  pattern:bars        a test picture: bars, checker, gradient or noise (by
                      --seed); of another size as pattern:bars:320x240
  -                   stdin: a frame stream (-o -), a picture or a video,
                      raw video (y4m), pictures one after the other
  coco:ann.json       labels, for `convert`, `evaluate` and `objects --from`:
                      yolo:labels/ voc:Annotations/ mot:gt/gt.txt too, and
                      results as .jsonl, .csv or .parquet

In a folder the inputs are its pictures and videos; other files are skipped and counted. Hidden
files, the run's own outputs and links that lead out of the folder are never read. A file named on
the line is always an input.

A GIF, WebP, APNG or AVIF of more than one frame is a video: of its own frame times, a delay of 0
taken as 0.1 s as browsers do. Numbered pictures follow each other by their numbers, 2 before 10,
and have to be of one size; numbers that are missing are said and take no time.

What stdin holds is told by its content. A frame stream, raw video (ffmpeg -f yuv4mpegpipe -) and
two or more JPEG, PNG, BMP or PNM behind each other (ffmpeg -f image2pipe -; a video at --fps) are
worked on as they come. Any other file is copied first, so that all of it is there, sound and index.
A cut is an error, but raw video and pictures that end between two frames look whole: then only set
-o pipefail tells.

Labels are matched by the input's name and the frame's number: in data sets by the picture's name,
with or without folder and suffix, and a frame of street.mp4 is street_00012.jpg there, counted from
0. YOLO's labels need their pictures in images/ beside labels/, or as the inputs of `objects`.
COCO's are instances, LVIS or a list of results; pixels of VOC and MOT count from 1. What other
tools call `dataset import` is cvkit convert voc:Annotations/ -o yolo:labels/.

In a list, lines that begin with # are comments, and names may hold spaces. A name is looked for
beside the list, then in the current folder. A file called @list.txt is ./@list.txt.

A stage that combines two pictures takes the second with --with; where it is the first stage, the
last of several inputs is the second. Two folders pair by relative path.

  --frames A:B:STEP   of videos only these frames, 0-based, B excluded:
                      10:50, 2s:5.5s, -25:
  --duration 5s       of videos only so much
  --deinterlace       of interlaced videos whole pictures
  --deep              of videos of more than 8 bits a channel 16, else 8
  --page 2-5          of PDF and TIFF only these pages, from 1; else all
  --dpi 300           dots an inch at which PDF and SVG are drawn (150)

Of a TIFF or PDF each page is a picture of its own; of a JPEG that holds several (MPO) the first is
read, or that of --page.

Pictures whose ICC profile says that their numbers are not sRGB (a phone's Display P3, Adobe RGB,
ink of print shops) become sRGB: perceptually and with black point compensation, as ImageMagick does
it. --keep-icc leaves the numbers and writes the profile into the results; ink becomes sRGB all the
same. Profiles of tables are applied to 8 bits only, and a broken one to none: a note says so. PNG's
gAMA and cHRM are passed over.

A damaged input fails with an error that says where; the others go on. --on-error stop ends the run
at the first one, --on-corrupt skip counts damaged files as skipped, and --on-corrupt salvage keeps
what is whole of a video or animation: a note and a line in JSON Lines say what is missing.
"""

_OUTPUTS = """
Without -o a picture `photo.jpg` becomes `photo.STAGE.jpg` in the current folder and a folder
`photos/` becomes `photos.STAGE/`; measures are printed. -o may be given several times:

  -o out.png           a picture or a video; the suffix chooses the format
  -o out.gif           of a video or an animation, an animation: .gif, .webp
                       and .apng
  -o out/              a folder: one result an input, under its relative path
  -o 'out/{stem}_{index:05d}.png'
                       a template of: dir stem name suffix index time label
                       id step
  -o f_%05d.png        numbered pictures of a video, as with {index:05d}
  -o 'scene_{index:03d}.mp4'
                       of a chain with scene-cut a video a scene
  -o boxes.jsonl       results as JSON, one line a frame
  -o boxes.csv         results as a table, one row an object
  -o boxes.parquet     the same table with types, for pandas, Arrow, DuckDB
  -o coco:ann.json     labels as data sets have them; yolo:labels/, voc:xml/,
                       mot:tracks.txt too, and coco-results:found.json
  -o NAME=mask.png     the picture kept as NAME by `then keep NAME`
  -o show:             a window: space or an arrow for the next picture, q or
                       Esc to quit; space pauses a video, . shows a frame
  -o term:             the picture in the terminal, over ssh and in tmux too:
                       sixel, kitty or half blocks, whichever it has; keys
                       for a video as in a window
  -o -                 stdout: the frame stream, for the next cvkit in a pipe
  -o png:-             stdout: a picture, or one a frame behind each other as
                       ffmpeg -f image2pipe reads them; jpg:- too
  -o y4m:-             stdout: raw video of one input, for ffmpeg -i -
  -o jsonl:-           stdout: results, each line when its frame is done;
                       csv:- as a table at the end

Each output takes the latest value that it can hold. Where objects are newer than every picture,
they are drawn for picture outputs. A mask of black and white becomes a 1-bit PNG. A .tif named by
-o takes all results of an input as its pages; other pictures have to be numbered.

Labels have the coordinates of the pictures or video that the run writes, else the input's, and say
once what their format has no room for. A frame of street.mp4 is called street_00012.jpg, or as the
run's own picture of it. YOLO's folder also holds classes.txt and a data.yaml for pictures in
images/ beside it; scores stand last in its lines. FiftyOne, CVAT and others open coco:.

JPEG is written in quality 92 with colours at half the size (4:2:0), WebP in 90; --quality says
another. PNG, packed quickly, and TIFF, by LZW but for floats, lose nothing. A picture made of
another keeps its EXIF, upright, with the new size and without the old thumbnail, and its dots an
inch, in JPEG, PNG, WebP and TIFF; --strip leaves them out. Masks, labels and sheets of several
carry none.

Video is H.264 in mp4, m4v, mov and mkv (--crf 23, --preset veryfast), VP9 in webm (--crf 31);
--codec says another: hevc, vp9, vp8, av1, mpeg4, mjpeg, prores or ffv1, which loses nothing. Frames
keep their times unless --fps says new ones, sound is kept where they do, and is encoded anew where
the container cannot hold it.

Animations show each frame as long as their input does, or at --fps, and loop for ever; an animated
input keeps its format, and an APNG that was called .png becomes .apng. GIF has 256 colours a frame,
alpha that is all or nothing, and times of 1/100 s, rounded so that nothing adds up. An animated
WebP of --quality 100 loses nothing.

show: and term: go beside other outputs. Videos play at their own pace; where drawing is too slow
the preview leaves out frames, files never do. Quitting is a normal end: what is finished stays,
inputs that were not reached are pending, and a video that is also written is dropped. term: needs
stdout to be the terminal; term:kitty, term:sixel, term:blocks and term:plain choose for it, and
NO_COLOR turns half blocks into plain characters.

An input is never overwritten unless --in-place says so. A file named by -o that exists is refused
without --overwrite; one that cvkit named itself is replaced. Two inputs that would write one file
are refused before anything is written.

y4m holds no sound and no times: masks and grey pictures become grey, others keep their planes, or
become 4:2:0 (--pix-fmt yuv444p). A picture kept as NAME goes there as -o NAME=png:-. None but jsonl
and csv is written to a terminal.

stdout carries data only: what -o - or -o png:- writes, --json, printed measures, or, when it is no
terminal, the paths written, one a line. Exit codes: 0 all done, 1 a fault of cvkit, 2 the command
is wrong, 3 nothing could be processed, 4 a package or model is missing, 5 an output could not be
written (also when the reader of a pipe has gone), 6 some inputs failed, 7 a comparison did not
hold, 130 interrupted.
"""

_RUN = """
These options may stand in any step of a chain and hold for the whole run. One that can have no
meaning for the chain and its outputs is refused.
"""


_FORMATS = """
A picture is read as the file holds it: 8 and 16 bits and floats, grey or colour, with its alpha.
It is turned upright and its colour profile becomes sRGB, unless --keep-icc. A cut or damaged file
is an error, and so is one of more pixels than --max-pixels. `cvkit doctor` says what this machine
lacks.

{table}

What is read with an extra needs one line: pip install "cvkit-cli[heic]".

Quality is {quality} where --quality says nothing; the others lose nothing, but for HDR (within 1 %
of the brightest channel) and GIF (256 colours). HDR, OpenEXR and PFM hold linear light, also above
1; integers become 0 to 1 in them. Values above 1 are white in 8 and 16 bits: bit-depth makes those.

Arrays (NPY, NPZ, CSV) have BGR order as in Python. They hold masks, labels, depth and flow as
numbers, not drawn. -o x.csv is the picture's own numbers where the chain gives no results. A CSV is
read where it is named, not in folders; PostScript is refused: it is a program.
"""


_BACKENDS = """
--model takes the file of a network; what runs it is --backend, or the first of these that is
installed and can:

{table}

The order is fixed, so that a run repeats; it was measured. Milliseconds of one processor a picture,
one thread each, in turns on an AMD EPYC with AVX-512 and bfloat16 (ONNX Runtime 1.31, OpenVINO
2026.4, PyTorch 2.13, OpenCV 4.14):

                       onnx  openvino  openvino --half  torch  opencv
  YOLOv8n, 640           59        58               32    108     134
  YOLOv5n, 640           33        39               26      -     119
  YOLOX-nano, 416        11        14               10      -      47
  FastestDet, 352         4         5                4      -      17
  start, seconds        0.1       0.3              0.3    2.0     0.4

So OpenVINO gains where --half does. Of 382 boxes that YOLOv8n finds in 122 photographs and frames

                                            time  lost  new  moved over 1 px
  OpenVINO, float32                          1.0     0    0     0
  OpenVINO --half                            0.6     5    2    32
  quantised as it runs (ConvInteger), onnx   1.0    18    7    76

and such a quantised file takes twice the time in OpenVINO; OpenCV cannot load it. A network of free
size is given wide pictures as 640×384 instead of 640×640: 0.6 of the time, and of 223 boxes
33 were lost and 4 new.

Networks compute in float32; OpenVINO, which would choose bfloat16 itself, is told so. --half is
bfloat16 on processors that have it (OpenVINO, PyTorch) and float16 on CUDA (PyTorch); ONNX Runtime
computes as its file says.

  cvkit doctor --model M.onnx picture.jpg

runs every backend and precision on your pictures, and tells milliseconds, boxes lost and moved.

--device cuda takes PyTorch, or ONNX Runtime where onnxruntime-gpu is installed; a device that is
named and cannot be had is an error. Where memory does not suffice, the batch is halved and that is
said. On a processor frames are found in side by side, each by its own thread.
"""


def topic_page(name: str, stream: TextIO) -> str:
    """The page; `name` is one of TOPICS."""
    if name == "units":
        return _heading("units", stream) + "\n\n" + _units()
    if name == "run":
        from cvkit.cli.pages import run_options

        text = terminal.wrapped(_RUN.strip(), terminal.width())
        return "\n\n".join([_heading("run", stream), text, run_options(stream)])
    if name == "backends":
        return _heading(name, stream) + "\n\n" + _backends()
    if name == "formats":
        return _heading(name, stream) + "\n\n" + _formats()
    text = {"inputs": _INPUTS, "outputs": _OUTPUTS}[name]
    return _heading(name, stream) + "\n\n" + filled(text.strip())


def filled(text: str) -> str:
    """Prose filled to the terminal's width; indented lines stay as they are."""
    parts = []
    for part in text.split("\n\n"):
        indented = part.startswith("  ") or "\n  " in part
        head, gap, rest = part.partition("\n  ") if indented else (part, "", "")
        if part.startswith("  "):
            parts.append(part)
        else:
            parts.append(terminal.wrapped(head, terminal.width()) + gap + rest)
    return "\n\n".join(parts)


def _heading(name: str, stream: TextIO) -> str:
    return terminal.styled(name, "bold", stream) + f": {TOPICS[name]}"


def _backends() -> str:
    from cvkit.models.backends.choice import BACKENDS
    from cvkit.models.backends.formats import TITLES

    lines = []
    for known in BACKENDS.values():
        kinds = ", ".join(TITLES[kind].split(" ", 1)[1].split(" (")[0] for kind in known.kinds)
        kinds = kinds.replace(" network", "").replace("frozen TensorFlow graph", "TensorFlow")
        there = "" if known.installed else f"; {known.remedy}"
        lines.append(f"  {known.name:<10}{known.title}: {kinds}{there}")
    return filled(_BACKENDS.strip().format(table="\n".join(lines)))


def _formats() -> str:
    from cvkit.io.codecs.formats import FORMATS

    depths = {"uint8": "8", "uint16": "16", "float32": "float"}
    lines = [f"  {'':<14}{'read':<11}{'written':<14}suffixes"]
    for row in FORMATS.values():
        held = ", ".join(depths[one] for one in row.holds) or ("frames" if row.animation else "")
        plain = "read" if row.reader or row.animation else "refused"
        read = f"with {row.extra}" if row.extra else plain
        more = " …" if len(row.suffixes) > 5 else ""
        lines.append(f"  {row.title:<14}{read:<11}{held:<14}{' '.join(row.suffixes[:5])}{more}")
    said = [f"{row.quality} for {row.title}" for row in FORMATS.values() if row.quality]
    quality = f"{', '.join(said[:-1])} and {said[-1]}"
    return filled(_FORMATS.strip().format(table="\n".join(lines), quality=quality))


def _units() -> str:
    from cvkit.core import units

    rows: list[tuple[str, type[units.Unit]]] = [
        ("length", units.Length),
        ("level", units.Level),
        ("angle", units.Angle),
        ("time", units.Duration),
        ("frames", units.FrameRange),
        ("colour", units.Color),
        ("point", units.Point),
        ("box", units.Box),
        ("size", units.Extent),
    ]
    lines = []
    for word, unit in rows:
        body = terminal.wrapped(unit.expected, terminal.width(), " " * 10)
        lines.append(f"  {word:<8}{body.lstrip()}")
    notes = (
        "Coordinates are counted from the top left corner. Several values of one option "
        "have commas between them, or the option is given again; points, boxes and colours have "
        "spaces between them. A value that begins with a dash and is no number is written with =, "
        "as in --text=-x."
    )
    return "\n".join(lines) + "\n\n" + terminal.wrapped(notes, terminal.width())
