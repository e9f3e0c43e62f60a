"""The frame stream: frames with all that is known of them, through a pipe or a temporary file.

Arrow IPC with one fixed schema, a row a frame. The last batch has no rows; its metadata carry how
the writer ended, and a stream without it was cut. Nothing read from one is trusted: sizes are
bounded before memory is taken, and no name in it is ever opened.
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
