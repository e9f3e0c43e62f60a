"""Still pictures: what a file is, and its bytes to values and back.

`sniff` tells formats by content, `reading` and `writing` turn bytes into values and back; a module
a format knows its structure and its damage.
"""
