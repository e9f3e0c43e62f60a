"""The frame stream: frames with all that is known of them, through a pipe or a temporary file.

Arrow IPC with one fixed schema, a batch of one row a frame. The last batch has no rows; its
metadata carry how the writer ended (`code`, `error`), and a stream without it was cut. Nothing
read from one is trusted: sizes are bounded before memory is taken, and no name in it is ever
opened. `samples/read_stream.py` reads one with pyarrow alone.

The schema's metadata hold the version (`cvkit`) and, where it is known, how many `items` come. A
row's columns:

- of its item, one input: `item` counts them from 0; `name` is its path as outputs use it, in
  bytes; `moving` and `format` are the input's. `first` is set on the first row and `last` on the
  closing one, which holds no frame. Only the first says `rate_num`/`rate_den` (frames a second,
  null where not known), `aspect_num`/`aspect_den` (a pixel's width by its height), `sound` (a
  tiny Matroska file that describes the packets), `cut` (whether it is a part of the input, of which
  a film begins with the first frame), `about` (JSON: `tags`, and `chapters`, each its start and end
  in millionths of a second and its title) and `metadata` (of each page its EXIF, ICC profile
  and dots an inch). `error` and `code` are those of an item that failed;
  `gaps` is JSON on the last row: what a damaged input lacks, as `after`, `from`, `to` and `why`.
- of the frame: `source` is the input's name, `index` its number there, `pts` its time in ticks of
  `num`/`den` seconds, `length` how many ticks it lasts or 0. `grids` is JSON: a list of
  `{"size", "source", "maps"}`, the first the frame's own; a map is a 3×3 matrix of pixel centres,
  or with `field` the number of two planes in `maps`, (2, h, w) float32.
- `values`, the latest last: `kind` (image, mask, labels, depth, flow, objects, features, scores,
  vector, text, measures, event, camera), `kept` (the name of a kept picture, in bytes, else null),
  `order` (its place in the list) and `grid` (a number in `grids`). Rasters have `data` of
  `dtype`, `shape` and `space`: (h, w) or (h, w, 3) in BGR order, and `alpha`, (h, w). How an
  image came is its `storage`: `plain`; `stored` and `decoded` for one that no stage has replaced,
  the latter with its own `luma`, (h, w); `planes` for a video's Y, U and V one after the other,
  of which `extra` says layout, matrix and range; `same` for the value that `extra` numbers.
- The other kinds have their fields in `extra`, JSON in which `{"map": [[key, value], ...]}`,
  `{"tuple": [...]}` and `{"array": [dtype, shape]}` stand for what JSON has not. The bytes of the
  arrays follow each other in `columns`, each padded to 8.
- `packets` of sound that are heard by the frame's time: `stream`, `pts`, `dts` and `duration` in
  ticks of `num`/`den` seconds, `key` and `data`.
"""

from cvkit.io.stream.blobs import decode_frame as decode_frame
from cvkit.io.stream.blobs import encode_frame as encode_frame
from cvkit.io.stream.blobs import read_rows as read_rows
from cvkit.io.stream.blobs import write_row as write_row
from cvkit.io.stream.head import End as End
from cvkit.io.stream.head import Head as Head
from cvkit.io.stream.reader import StreamedItem as StreamedItem
from cvkit.io.stream.reader import StreamReader as StreamReader
from cvkit.io.stream.writer import StreamWriter as StreamWriter
