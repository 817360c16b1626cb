"""Our reader of HDF5 metadata against h5py, and against broken files."""

import io
import struct
import time
from contextlib import suppress

import h5py
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import examples

from convcost._models.hdf5.attributes import elements, shape_of
from convcost._models.hdf5.file import opened
from convcost._models.hdf5.heaps import FractalHeap
from convcost._models.hdf5.storage import Hdf5Error, Storage, number

NAMES = st.text(st.characters(exclude_characters="/\0.", exclude_categories=["Cs"]), min_size=1)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
    st.lists(st.binary(min_size=1, max_size=9).filter(lambda one: 0 not in one), max_size=9),
    st.integers(0, 100_000).map("x".__mul__),
    st.integers(0, 5000).map(lambda size: np.bytes_(b"y" * size)),
    st.integers(0, 400).map(lambda count: [f"layer_{one}".encode() for one in range(count)]),
)
GROUPS = st.dictionaries(
    NAMES, st.recursive(SHAPES, lambda inner: st.dictionaries(NAMES, inner, max_size=4)), max_size=5
)


def write(group, tree):
    for name, one in tree.items():
        if isinstance(one, dict):
            write(group.create_group(name), one)
        else:
            group.create_dataset(name, one, "f4")


def written(tree, texts, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as made:
        write(made, tree)
        for name, text in texts.items():
            made.attrs[name] = text
    return file.getvalue()


def read(content):
    return opened(io.BytesIO(content), 0, len(content))


def tree(group):
    found = {}
    for name, one in group.parts():
        found[name] = tree(one) if one.shape is None else one.shape
    return found


def encoded(value):
    several = value if isinstance(value, (list, np.ndarray)) else [value]
    return [one.encode() if isinstance(one, str) else bytes(one) for one in several]


@pytest.mark.parametrize("version", ["earliest", "v108", "v110", "v112", "latest"])
@pytest.mark.parametrize("order", [True, False])
@examples(80)
@given(
    groups=GROUPS,
    texts=st.dictionaries(NAMES, TEXTS, max_size=12),
    many=st.integers(0, 60) | st.integers(0, 700),
)
@example(groups={}, texts={f"t{one}": "x" * 100 * one for one in range(60)}, many=3000)
def test_what_h5py_writes_is_read(version, order, groups, texts, many):
    # Beyond 8 links a group of the newer format keeps them in a heap, with a tree of their names.
    groups = groups | {f"n{one}": (one,) for one in range(many)}
    try:
        content = written(groups, texts, libver=version, track_order=order)
    except (OSError, RuntimeError, ValueError):
        return  # too large an attribute for the older format
    root = read(content)
    assert tree(root) == groups
    for name, text in texts.items():
        expected = encoded(text)
        if expected:
            assert root.texts(name) == expected
        else:
            assert not root.texts(name)


def everything(content):
    """Read all that there is in a file."""
    root = read(content)
    return tree(root), [root.texts(name) for name in ("text", "list", "t50", "numbers")]


def refused(content, message):
    started = time.monotonic()
    with pytest.raises(Hdf5Error, match=message):
        everything(content)
    assert time.monotonic() - started < 5


def patched(content, found, behind, form, *values):
    """Return the content with numbers written at a distance behind some bytes in it."""
    changed = bytearray(content)
    struct.pack_into(f"<{form}", changed, content.index(found) + behind, *values)
    return bytes(changed)


def sample(version="earliest"):
    groups = {"group": {f"n{one}": (one, 2) for one in range(20)}, "scalar": ()}
    texts = {"text": "x" * 100, "list": ["a", "b"]} | {f"t{one}": "y" * one for one in range(60)}
    return written(groups, texts, libver=version)


@pytest.mark.parametrize("version", ["earliest", "latest"])
@given(data=st.data())
def test_changed_bytes_end_in_an_answer_or_an_error(version, data):
    content = bytearray(sample(version))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    started = time.monotonic()
    with suppress(Hdf5Error):
        everything(bytes(content))
    assert time.monotonic() - started < 5


def test_many_and_large_attributes():
    texts = {f"many{one}": np.bytes_(b"x" * 900) for one in range(800)}
    texts |= {f"large{one}": np.bytes_(b"y" * (4000 + one)) for one in range(200)}
    content = written({}, texts, libver="latest")
    for name in list(texts)[::50]:
        assert read(content).texts(name) == [bytes(texts[name])]
    heap = FractalHeap(Storage(io.BytesIO(content), 0, len(content)), content.index(b"FRHP"))
    assert heap.read(b"\x22abcd") == b"abc"  # an object of three bytes in its own identifier
    for one, message in [
        (b"", "unknown kind"),
        (b"\x30" + bytes(7), "unknown kind"),
        (b"\x10" + b"\xff" * 7, "no large object"),
        (b"\0" + b"\xff" * 7, "no offset"),
        (b"\0\0", "ends too early"),
    ]:
        with pytest.raises(Hdf5Error, match=message):
            heap.read(one)


def test_headers_with_times_and_limits():
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as made:
        kept = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        kept.set_attr_phase_change(9, 3)
        kept.set_obj_track_times(True)
        space = h5py.h5s.create_simple((3, 4))
        h5py.h5d.create(made.id, b"kept", h5py.h5t.NATIVE_FLOAT, space, kept)
    assert tree(read(file.getvalue())) == {"kept": (3, 4)}


def test_links_that_lead_elsewhere_are_not_followed(tmp_path):
    elsewhere = tmp_path / "other.h5"
    with h5py.File(elsewhere, "w") as file:
        file.create_dataset("data", (3,))
    for version in ("earliest", "latest"):
        path = tmp_path / "links.h5"
        with h5py.File(path, "w", libver=version) as file:
            file["real"] = np.zeros(3)
            file["same"] = file["real"]
            file["soft"] = h5py.SoftLink("/real")
            file["loop"] = h5py.SoftLink("/loop")
            group = file.create_group("group")
            group["external"] = h5py.ExternalLink("other.h5", "/data")
        assert tree(read(path.read_bytes())) == {"real": (3,), "same": (3,), "group": {}}
        assert read(path.read_bytes()).at("loop") is None
        assert read(path.read_bytes()).at("loop/further") is None
        assert read(path.read_bytes()).at("/") is None


def test_data_sets_of_all_kinds_have_shapes_and_only_texts_are_read():
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as made:
        layout = h5py.VirtualLayout((4, 5), "f4")
        layout[0] = h5py.VirtualSource("gone.h5", "data", (5,))
        made.create_virtual_dataset("virtual", layout)
        made["again"] = made.create_dataset("deep", (6, 7), chunks=(2, 7), compression="gzip")
        made["nothing"] = h5py.Empty("f4")
        made["kind"] = np.dtype("S4")
        made.create_dataset("of_kind", (8,), made["kind"])
        made.attrs.create("references", [made["deep"].ref] * 3, dtype=h5py.ref_dtype)
        made.attrs["numbers"] = [1, 2, 3]
        sequence = np.empty(1, object)
        sequence[0] = np.arange(3, dtype="i4")
        made.attrs.create("sequence", sequence, dtype=h5py.vlen_dtype("i4"))
        made.attrs["empty"] = h5py.Empty("S3")
        made.attrs.create("named", [b"abcd"], dtype=made["kind"])
        made.attrs["none"] = ["", "x"]
    root = read(file.getvalue())
    assert tree(root) == {
        "virtual": (4, 5), "deep": (6, 7), "again": (6, 7), "nothing": {}, "kind": {},
        "of_kind": (8,),
    }  # fmt: skip
    for name in ("references", "numbers", "sequence", "named", "gone"):
        assert root.texts(name) is None
    assert (root.texts("empty"), root.texts("none")) == ([], [b"", b"x"])


def test_a_group_within_itself_is_read_level_by_level():
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        made["again"] = made["/"]
    root = read(file.getvalue())
    assert root.at("again/again/again") is not None


def test_what_refers_back_to_itself_is_refused():
    old, new = sample(), sample("latest")
    at = old.index
    refused(patched(old, b"TREE", 32, "Q", at(b"TREE")), "there is no SNOD at|not that of a group")
    level = patched(old, b"TREE", 5, "B", 1)
    refused(patched(level, b"TREE", 32, "Q", at(b"TREE")), "not that of a group")
    refused(patched(old, b"TREE", 4, "B", 1), "the tree at .* is not that of a group")
    refused(patched(new, b"BTHD", 16, "Q", 0), "there is no BTLF at 0|no BTIN at 0")
    refused(patched(new, b"BTHD", 10, "H", 0), "the tree at .* is not that of a group")
    refused(patched(new, b"FRHP", 7, "H", 8), "the heap at .* is compressed, or has no blocks")
    refused(patched(new, b"FHDB", 0, "4s", b"FHIB"), "there is no FHDB")


def test_what_is_not_as_it_must_be_is_refused():
    old, new = sample(), sample("latest")
    refused(patched(old, b"HEAP", 24, "Q", len(old) - 3), "outside of the file")
    refused(patched(old, b"HEAP", 8, "Q", 4), "a name in the group at .* has no end")
    refused(patched(old, b"GCOL", 16, "H", 999), "the collection of texts at .* has no number")
    refused(patched(old, b"GCOL", 24, "B", 255), "the text at .* has 255 bytes, and 100 elsewhere")
    refused(patched(old, b"GCOL", 16, "H", 0), "the collection of texts at .* has no number")
    refused(patched(old, b"\x89HDF", 40, "Q", 2**40), "bytes of 1,099,511,627,776: it was cut off")
    refused(patched(new, b"\x89HDF", 9, "B", 4), "its addresses are not those of a file from Keras")
    refused(patched(new, b"\x89HDF", 8, "B", 7), "it is HDF5 of version 7")
    refused(patched(new, b"\x89HDF", 36, "Q", 9), "there is no object header at 9")
    refused(b"PK" + new[2:], "it does not start as an HDF5 file does")
    for content in (bytes([3, 0, 0, 0]), b"\1\2\0\0"):
        with pytest.raises(Hdf5Error, match=r"a shape is of version 3|ends too early"):
            shape_of(content)
    assert elements(shape_of(b"\2\0\0\2")) == 0
    with pytest.raises(Hdf5Error, match="ends too early"):
        number(b"abc", 2, 2)
    with pytest.raises(Hdf5Error, match="it ends within 9 bytes at 0"):
        Storage(io.BytesIO(b"short"), 0, 9).read(0, 9)


def test_attributes_with_fewer_values_than_they_say():
    content = written({}, {"text": np.bytes_(b"abc"), "list": np.array([b"ab", b"cd"])})
    place = content.index(b"list\0")
    shape = content.index(struct.pack("<Q", 2), place) - place
    refused(patched(content, b"list\0", shape, "Q", 2**40), "fewer values than its shape says")
    refused(patched(content, b"list\0", -8, "B", 9), "an attribute is of version 9")
    # No bytes for each of a trillion texts.
    none = patched(patched(content, b"list\0", 12, "I", 0), b"list\0", shape, "Q", 2**40)
    refused(none, "fewer values than its shape says")


def test_headers_that_do_not_go_on():
    text = {f"t{one}": "x" for one in range(60)}
    old = written({}, text, track_order=False)
    place = old.index(struct.pack("<HH", 0x10, 16)) + 8
    changed = bytearray(old)
    start, size = struct.unpack_from("<QQ", old, place)
    # The piece goes on in itself, again and again.
    changed[start : start + 24] = struct.pack("<HHIQQ", 0x10, 16, 0, start, size)
    refused(bytes(changed), "it takes more to read than any model does")
    new = written({}, {f"t{one}": "x" * 60 for one in range(7)}, libver="latest")
    refused(patched(new, b"OCHK", 0, "4s", b"KAPU"), "an object header does not continue at")
