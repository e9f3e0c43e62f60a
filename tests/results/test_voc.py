"""Pascal VOC's XML: as the challenge has it, and files that mean harm."""

from __future__ import annotations

import pytest

from cvkit.core.errors import InputError
from cvkit.results.frames import frames
from tests.results.test_datasets import picture, wrote

CHALLENGE = """<annotation>
  <folder>VOC2012</folder><filename>2007_000027.jpg</filename>
  <source><database>The VOC2007 Database</database></source>
  <size><width>486</width><height>500</height><depth>3</depth></size><segmented>0</segmented>
  <object>
    <name>person</name><pose>Frontal</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>174</xmin><ymin>101</ymin><xmax>349</xmax><ymax>351</ymax></bndbox>
    <part><name>head</name>
      <bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox></part>
  </object>
  <object>
    <name>chair</name><difficult>1</difficult>
    <bndbox><xmax>486</xmax><xmin>1</xmin><ymax>500</ymax><ymin>1</ymin></bndbox>
  </object>
</annotation>"""


def test_pixels_count_from_1_and_include_the_last(tmp_path):
    (tmp_path / "2007_000027.xml").write_text(CHALLENGE)
    (told,) = frames(f"voc:{tmp_path}")
    assert (told.source, told.objects.grid.size) == ("2007_000027.jpg", (486, 500))
    assert told.objects.boxes.tolist() == [[173, 100, 349, 351], [0, 0, 486, 500]]
    assert told.objects.labels == ("person", "chair")
    assert told.objects.attributes["difficult"].tolist() == [0, 1]
    assert told.objects.attributes["truncated"][0] == 1
    assert told.objects.attributes["pose"] == ("Frontal", "")


def test_one_file_and_a_data_set_s_folder_are_inputs_too(tmp_path):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations/2007_000027.xml").write_text(CHALLENGE)
    for where in (tmp_path, f"voc:{tmp_path / 'Annotations/2007_000027.xml'}",
                  tmp_path / "Annotations/2007_000027.xml"):  # fmt: skip
        (told,) = frames(where)
        assert len(told.objects) == 2


def test_what_is_written_is_as_the_challenge_has_it(tmp_path):
    found = [{"box": [173, 100, 349, 351.25], "label": "person", "difficult": 1, "score": 0.5}]
    where, _ = wrote("voc", [picture(found, "d/x.jpg")], tmp_path)
    text = (where / "d/x.xml").read_text()
    for part in ("<folder>d</folder>", "<filename>x.jpg</filename>", "<width>640</width>",
                 "<xmin>174</xmin>", "<ymin>101</ymin>", "<xmax>349</xmax>", "<ymax>351.25</ymax>",
                 "<difficult>1</difficult>", "<truncated>0</truncated>"):  # fmt: skip
        assert part in text


BOMB = '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "declares a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "declares a document type"),
        (BOMB.encode("utf-16"), "declares a document type"),
        ("<a>" * 100, "nested too deeply"),
        ("<annotation>", "is no XML: line 1"),
        ("<annotation>&nothing;</annotation>", "is no XML"),
        ("<kml/>", "its root is kml"),
        ('<?xml version="1.0" encoding="x"?><annotation/>', "cannot be read|is no XML"),
        ("<annotation><object/></annotation>", "object 1: it has no bndbox"),
        (CHALLENGE.replace("<xmin>174</xmin>", ""), "object 1: xmin is missing"),
        (CHALLENGE.replace(">174<", ">left<"), "object 1: 'left' is no xmin"),
        (CHALLENGE.replace(">174<", ">nan<"), "object 1: 'nan' is no xmin"),
        (CHALLENGE.replace(">174<", ">1e300<"), "object 1"),
        (CHALLENGE.replace(">174<", ">400<"), "its bndbox has no size"),
        (CHALLENGE.replace(">486</width>", ">-5</width>"), "is no size"),
    ],
)
def test_a_bad_file_gets_one_line(tmp_path, text, why):
    path = tmp_path / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=why) as error:
        list(frames(f"voc:{tmp_path}"))
    assert str(path) in str(error.value)
