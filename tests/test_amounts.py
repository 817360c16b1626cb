"""Numbers as people type them, in Python and on the command line."""

from decimal import Decimal
from fractions import Fraction

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl

import convcost
from convcost._cli.sources import parse_shape, words_of
from convcost._cli.sweeps import parse_arguments
from convcost._exact.amounts import is_count, read_count, read_share, read_size

THOUSANDS = {"": 1, "k": 1000, "K": 1000, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10}
BYTES |= {"KB": 10**3, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@given(st.integers(0, 10**9), st.integers(0, 9), st.sampled_from(["", " "]), st.data())
def test_units_are_exact(number, digits, space, data):
    for units, read in ((THOUSANDS, read_count), (BYTES, read_size)):
        unit = data.draw(st.sampled_from(list(units)))
        text = f"{Decimal(number).scaleb(-digits):f}{space}{unit}"
        expected = Fraction(number, 10**digits) * units[unit]
        if expected.denominator == 1:
            assert read("x", text) == expected
            assert read is read_size or is_count(text)
        else:
            with pytest.raises(ValueError, match="which is not whole"):
                read("x", text)
            assert not is_count(text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("3e8", 3 * 10**8), ("1.5e1k", 15_000), ("300_000", 300_000), (3e8, 3 * 10**8), (7, 7)],
)
def test_counts(given, expected):
    assert read_count("x", given) == expected


@pytest.mark.parametrize(
    ("given", "error", "end"),
    [
        ("4MiB", ValueError, "'4MiB', which is a size in bytes"),
        ("5m", ValueError, "'5m'; did you mean '5M'?"),
        ("abc", ValueError, "'abc'"),
        ("-3", ValueError, "'-3'"),
        ("", ValueError, "''"),
        ("0x10", ValueError, "'0x10'"),
        ("1e9999", ValueError, "'1e9999'"),
        (2.5, ValueError, "2.5, which is not whole"),
        (True, TypeError, "True (bool)"),
        (None, TypeError, "None (NoneType)"),
    ],
)
def test_what_is_not_a_count(given, error, end):
    with pytest.raises(error) as caught:
        read_count("max_macs", given)
    start = "max_macs must be an integer, which may be written as 1k, 300M, 1.5G or 3e8; got "
    assert str(caught.value) == start + end


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ("4M", "'4M'; did you mean '4MB' or '4MiB'?"),
        ("1e3k", "'1e3k'; did you mean '1e3kB' or '1e3KiB'?"),
        ("4Mb", "'4Mb'; did you mean '4MB'?"),
        ("4 zettabytes", "'4 zettabytes'"),
        ("1" * 5000, "'" + "1" * 37 + "..." + "1" * 38 + "'"),
    ],
)
def test_what_is_not_a_size(given, end):
    with pytest.raises(
        ValueError, match="max_size must be an integer of bytes, or a size"
    ) as found:
        read_size("max_size", given)
    assert str(found.value).endswith("; got " + end)


def test_shares():
    for text in ("1%", "1 %", "0.01", "1e-2", 0.01, Fraction(1, 100)):
        assert read_share("tolerance", text) == Fraction(1, 100)
    assert read_share("tolerance", "250%") == Fraction(5, 2)
    for wrong, end in (
        (1, "1: a percentage has its sign, as in '1%'"),
        ("2.5", "'2.5'"),
        ("2", "'2': a percentage has its sign, as in '2%'"),
        ("-1%", "'-1%'"),
        ("1k", "'1k'"),
        ("1" * 5000 + "%", "'" + "1" * 37 + "..." + "1" * 37 + "%'"),
        (float("inf"), "inf (float)"),
    ):
        with pytest.raises(ValueError, match="tolerance must be a percentage") as found:
            read_share("tolerance", wrong)
        assert str(found.value).endswith("; got " + end)


def test_sizes_on_the_command_line_have_units(run):
    assert run("separable", 3, "1k", "64", "28") == run("separable", 3, 1000, 64, 28)
    code, _, err = run("separable", 3, "4MiB", 64, 28)
    assert code == 2
    assert "Invalid value for 'M': it must be an integer, which may be written as" in err
    code, _, err = run("summary", "none.json", "--top", "0")
    assert (code, err.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '--top': it must be at least 1; got '0'",
    )
    assert "--cases': it must be an integer" in run("verify", "--cases", "1.5")[2]
    assert "df must be a positive integer" in run("separable", 3, 32, 64, 0)[2]


def test_the_seed_may_be_negative(run):
    code, out, _ = run("verify", "--cases", "1", "--seed", "-3", "--oracle", "profiler", "--json")
    assert code == 0
    assert '"seed": -3' in out


def test_values_of_axes_have_units():
    assert parse_arguments(["--m", "8:1k:8,3e3", "--n", "1.5k"]) == {
        "m": [*range(8, 1000, 8), 3000],
        "n": [1500],
    }
    assert parse_arguments(["--input-shape", "224x224x3"]) == {"input_shape": (224, 224, 3)}
    assert parse_arguments(["--padding", "same", "--dk", "1.5"]) == {
        "padding": ["same"],
        "dk": [1.5],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("224x224x3", ["224", "224", "3"]),
        ("?x?x3", ["?", "?", "3"]),
        ("None x 1k x 3", ["None", "1k", "3"]),
        ("0x10", ["0", "10"]),
        ("xbox,3", ["xbox", "3"]),
        ("hxwx3", ["hxwx3"]),
    ],
)
def test_shapes_with_an_x(text, words):
    assert words_of(text) == words


def test_open_sides_have_the_usual_names():
    given = keras.Input((32, 32, 3), name="image")
    config = keras.Model(given, kl.Conv2D(8, 3, padding="same")(given)).to_json()

    def shapes(shape):
        return [str(side) for side in convcost.from_keras(config, shape).input_shapes[0]]

    assert shapes(parse_shape("?,None,3")) == ["h", "w", "3"]
    assert shapes((None, 5, 3)) == ["h", "5", "3"]
    assert shapes(parse_shape("h,?,3")) == ["h", "w", "3"]
    assert shapes(parse_shape("w,h,?")) == ["w", "h", "c"]
    assert shapes([parse_shape("c,?,?")]) == ["c", "h", "w"]


def test_open_sides_of_two_inputs():
    left, right = (keras.Input((8, 4), name=name) for name in ("left", "right"))
    config = keras.Model([left, right], kl.Dot((1, 1))([left, right])).to_json()
    net = convcost.from_keras(config, [(8, None), (8, 5)])
    assert [str(side) for side in net.input_shapes[0]] == ["8", "t_left"]
    assert str(net.macs) == "40*t_left"


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_channels_that_the_file_contradicts(suffix, tmp_path, run):
    given = keras.Input((32, 32, 3), name="image")
    path = tmp_path / f"model.{suffix}"
    keras.Model(given, kl.Conv2D(8, 3)(given)).save(path)
    assert convcost.from_keras(path, (48, 64, 3)).params == 224
    message = "must have 3 channels in 'image': the file stores weights for these; got (32, 32, 4)"
    with pytest.raises(convcost.ModelError) as found:
        convcost.from_keras(path, (32, 32, 4))
    assert str(found.value) == f"{path}: input_shape {message}"
    code, _, err = run("summary", path, "--input-shape", "32x32x4")
    assert (code, err) == (2, f"Error: {path}: --input-shape {message}\n")
    assert convcost.from_keras(path, (32, 32, None)).params.subs("c", 3) != 0


def test_channels_first_that_the_file_contradicts(tmp_path):
    given = keras.Input((3, 32, 32), name="image")
    path = tmp_path / "model.h5"
    keras.Model(given, kl.SeparableConv2D(8, 3, data_format="channels_first")(given)).save(path)
    assert convcost.from_keras(path, (3, 32, 48)).params == 59
    with pytest.raises(convcost.ModelError, match="must have 3 channels in 'image'"):
        convcost.from_keras(path, (4, 32, 32))


def test_channels_that_change_no_weight(tmp_path):
    given = keras.Input((8, 4))
    path = tmp_path / "model.keras"
    pooled = kl.GlobalMaxPooling1D(data_format="channels_first")(given)
    keras.Model(given, kl.Dense(3)(pooled)).save(path)
    assert convcost.from_keras(path, (8, 9)).params == 27
