"""Columns to choose, human units, and the size of the weights."""

import keras
import numpy as np
import pytest
from keras import layers as kl

import convcost
from convcost._report.columns import COLUMNS, bytes_text
from convcost.symbols import symbol


def conv(name, **more):
    config = {"name": name, "filters": 64, "kernel_size": 3, "padding": "same", **more}
    return {"class_name": "Conv2D", "config": config}


POOL = {"class_name": "MaxPooling2D", "config": {"name": "pool"}}
HEAD = {"class_name": "Dense", "config": {"name": "head", "units": 10, "trainable": False}}
CONFIG = {"name": "tiny", "layers": [conv("conv"), POOL, HEAD]}
CHOSEN = [
    "kernel",
    "input_shape",
    "connected_to",
    "params",
    "trainable_params",
    "flops",
    "bias_adds",
]


@pytest.fixture(scope="module")
def network():
    return convcost.from_keras(CONFIG, (28, 28, 1))


TABLE = """\
tiny: (28, 28, 1)
                                                                              bias
layer  kernel  input shape   connected to  params  trainable      FLOPs  additions
──────────────────────────────────────────────────────────────────────────────────
conv   (3, 3)  (28, 28, 1)   input            640        640    903,168     50,176
pool   (2, 2)  (28, 28, 64)  conv               0          0          0          0
head           (14, 14, 64)  pool             650          0    250,880      1,960
──────────────────────────────────────────────────────────────────────────────────
total                                       1,290        640  1,154,048     52,136
total: 1,290 parameters, 577,024 MACs (1,154,048 FLOPs), 52,136 bias additions
640 of the model's 1,290 parameters are trainable, 650 are not
size of the model's parameters: 5.04 KiB (5,160 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"""

IN_UNITS = """\
tiny: (28, 28, 1)
layer  kind          output shape  params     MACs     share  params =
────────────────────────────────────────────────────────────────────────────────
conv   Conv2D        (28, 28, 64)     640  451.6 k   78.26 %  (3*3*1+1)*64 = 640
pool   MaxPooling2D  (14, 14, 64)       0        0    0.00 %  0
head   Dense         (14, 14, 10)     650  125.4 k   21.74 %  (64+1)*10 = 650
────────────────────────────────────────────────────────────────────────────────
total                               1.3 k  577.0 k  100.00 %
total: 1.3 k parameters, 577.0 k MACs (1.2 M FLOPs), 52.1 k bias additions
640 of the model's 1,290 parameters are trainable, 650 are not
size of the model's parameters: 5.04 KiB (5,160 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias
additions"""


def test_columns_stand_in_the_order_asked_for(network):
    report = convcost.summary(network, columns=CHOSEN)
    assert report.to_text() == TABLE
    assert [column.name for column in report.columns] == ["name", *CHOSEN]
    # Without a layer of its own, a group has neither of these.
    assert report.group().lines[0] == ("Conv2D", None, None, "", 640, 640, 903_168, 50_176)
    assert convcost.summary(network, columns="flops").lines[0] == ("conv", 903_168)
    twice = convcost.summary(network, columns=["name", "macs", "macs"], effective=True)
    assert [column.name for column in twice.columns] == ["name", "macs", "effective_macs"]


def test_columns_on_the_command_line(tmp_path, run):
    path = tmp_path / "tiny.json"
    convcost_json = keras.Sequential([keras.Input((8, 8, 1)), kl.Conv2D(9, 3)], name="m").to_json()
    path.write_text(convcost_json)
    _, out, _ = run("summary", path, "--columns", "kernel, flops", "--units", "auto")
    assert out.splitlines()[1].split() == ["layer", "kernel", "FLOPs"]
    assert out.splitlines()[3].split()[-2:] == ["5.8", "k"]
    code, _, err = run("summary", path, "--columns", "kernal")
    assert (code, "--columns must be one of kind, " in err) == (2, True)
    assert "did you mean 'kernel'?" in err


def test_wrong_columns_and_units_are_refused(network):
    with pytest.raises(ValueError, match=r"columns must be one of .*got 'flop' .*mean 'flops'\?"):
        convcost.summary(network, columns=["flop"])
    with pytest.raises(TypeError, match=r"columns must be a list of names, such as .*got 3 \(int"):
        convcost.summary(network, columns=3)
    with pytest.raises(ValueError, match=r"units must be 'exact' or 'auto'; got 'k' \(str\)"):
        convcost.summary(network, units="k")


def test_units_are_for_people_and_data_stays_exact(network):
    report = convcost.summary(network, units="auto")
    assert report.to_text(80) == IN_UNITS
    assert report.to_csv() == convcost.summary(network).to_csv()
    assert report.to_json() == convcost.summary(network).to_json()
    h = symbol("h")
    assert "576*h**2" in convcost.summary(network.at((h, h, 1)), units="auto").to_text()


def test_a_cost_formats_itself():
    cost = convcost.separable(3, 32, 64, 28)
    assert f"{cost}" == str(cost)
    text = "2.4 k parameters, 1.8 M MACs (3.7 M FLOPs), 50.2 k bias additions"
    assert f"{cost:.1f}" == text
    assert f"{cost:.3g}" == text.replace("1.8", "1.83").replace("3.7", "3.66")
    # Rounded up to the next prefix; and more than any has.
    assert f"{convcost.Cost(999_949, 999_950, 10**30):.1f}" == (
        "999.9 k parameters, 1.0 M MACs (2.0 M FLOPs),"
        " 1,000,000,000,000,000,000,000,000,000,000 bias additions"
    )
    assert f"{convcost.standard(3, symbol('m'), 64, 28):.1f}".startswith("576*m + 64 parameters")
    for wrong in (".1e", "10", "f", ".f", ".123f", ",", "\u00b2"):
        with pytest.raises(ValueError, match=r"format must be digits such as '.1f' or '.3g', or"):
            format(cost, wrong)


def models():
    shared = kl.Dense(8, name="shared")
    x = entry = keras.Input((8,))
    yield keras.Model(entry, kl.Dense(2)(shared(shared(x)))), "float32"
    half = [kl.Dense(8, dtype="float16"), kl.Dense(3, dtype="mixed_float16")]
    yield keras.Sequential([keras.Input((5,)), *half, kl.BatchNormalization()]), "by layers"
    inner = keras.Sequential([keras.Input((4, 4, 3)), kl.Conv2D(5, 3), kl.Flatten()])
    yield keras.Sequential([keras.Input((4, 4, 3)), inner, kl.Dense(7)]), "nested"
    for mode in ("int8", "int4", "float8"):
        dense = keras.Sequential([keras.Input((16,)), kl.Dense(8), kl.Dense(9)])
        dense.layers[0].quantize(mode)
        yield dense, mode
    adapted = keras.Sequential([keras.Input((16,)), kl.Dense(8)])
    adapted.layers[0].enable_lora(4)
    yield adapted, "lora"


@pytest.mark.parametrize(("model", "_"), list(models()))
def test_the_size_of_the_weights_is_that_of_keras(model, _):
    held = sum(keras.ops.convert_to_numpy(one).nbytes for one in model.weights)
    network = convcost.from_keras(model)
    assert network.size == held
    report = convcost.summary(network, columns=["size"])
    assert sum(size for _, size in report.lines) == held
    assert report.foot[0]["size"] == held
    assert f"size of the model's parameters: {bytes_text(held)}" in report.notes[-2]


UNKNOWN = (
    "size of the model's parameters: not known, as it needs the type of every weight, and that of a"
    " weight of layer 'conv' (Conv2D) is not known: give the live model"
)


def test_a_size_that_is_not_known_says_why():
    layer = conv("conv", dtype="string")
    one = convcost.from_keras({"name": "odd", "layers": [layer]}, (28, 28, 1))
    assert one.size is None
    assert UNKNOWN in convcost.summary(one).notes
    below = convcost.compare(one, one, one).notes
    assert below[1] == "bytes of odd: " + UNKNOWN.partition(": ")[2]
    assert convcost.summary(one, columns=["size"], units="auto").texts()[0] == ("conv", "")


def test_a_saved_report_reads_back_in_whatever_it_shows(network, tmp_path):
    convcost.summary(network, columns=["kernel"], units="auto").to_json(tmp_path / "tiny.json")
    again = convcost.summary(tmp_path / "tiny.json")
    assert again.total() == network.total()
    assert again.lines[0][:5] == ("conv", "Conv2D", (28, 28, 64), 640, 451_584)


def test_sizes_in_mebibytes():
    sizes = (0, 1023, 1024, 1024**2 - 1, 5 * 1024**3, 2 * 1024**4, 1024**5, None)
    assert [bytes_text(one) for one in sizes] == [
        *("0 bytes", "1,023 bytes", "1.00 KiB", "1.00 MiB"),
        *("5.00 GiB", "2.00 TiB", "1.00 PiB", ""),
    ]


def test_how_weights_are_stored_is_in_the_kind():
    layers = [kl.Dense(8, name="quantized"), kl.Dense(8, name="adapted"), kl.Dense(8, name="both")]
    model = keras.Sequential([keras.Input((5, 16)), *layers, kl.TimeDistributed(kl.Dense(2))])
    before = convcost.from_keras(model)
    layers[0].quantize("int8")
    layers[1].enable_lora(4)
    layers[2].enable_lora(2)
    layers[2].quantize("int8")
    report = convcost.summary(model)
    kinds = ["Dense int8", "Dense LoRA 4", "Dense int8 LoRA 2", "TimeDistributed"]
    assert [line[1] for line in report.lines] == kinds
    # The class alone chooses and groups.
    assert len(report.filter(kind="Dense").lines) == 3
    assert [line[0] for line in report.group().lines] == ["Dense", "TimeDistributed"]
    compared = [line[1] for line in convcost.compare(before, report.network).lines]
    assert compared == [*(f"Dense -> {kind}" for kind in kinds[:3]), "TimeDistributed"]


def test_the_kernel_of_a_layer_that_is_called_for_each_step():
    inner = {"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 1]}}
    steps = {"class_name": "TimeDistributed", "config": {"name": "steps", "layer": inner}}
    report = convcost.summary({"name": "m", "layers": [steps]}, (5, 8, 8, 1), columns=["kernel"])
    assert report.lines == [("steps", (3, 1))]


def test_every_column_has_a_value_for_every_line(network):
    report = convcost.summary(network, columns=list(COLUMNS))
    assert all(len(line) == len(COLUMNS) + 1 for line in report.lines)
    layer = {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"name": "unknown"}}
    config = {"name": "m", "layers": [*CONFIG["layers"], layer]}
    with pytest.warns(UserWarning, match="left out"):
        left = convcost.summary(config, (8, 8, 1), on_unknown="warn", columns=list(COLUMNS))
    *_, last = left.lines
    shown = dict(zip(("name", *COLUMNS), last, strict=True))
    known = {"name", "kind", "connected_to", "input_shape", "formula"}
    assert {name for name, value in shown.items() if value is not None} == known
    assert left.foot[0]["params"] == left.total().params
    assert np.unique([column.name for column in report.columns]).size == len(COLUMNS) + 1


def test_arithmetic_without_a_column_is_refused(network, run, tmp_path):
    with pytest.raises(ValueError, match="has no column") as caught:
        convcost.summary(network, columns=["flops"], formula="macs")
    assert str(caught.value) == (
        "formula='macs' has no column: add 'formula' to the columns, or leave it out"
    )
    both = convcost.summary(network, columns=["flops", "formula"], formula="macs")
    assert both.titles() == ("layer", "FLOPs", "MACs =")
    path = tmp_path / "tiny.json"
    path.write_text(convcost.summary(network).to_json())
    assert run("summary", path, "--columns", "flops", "--formula", "macs") == (
        2,
        "",
        "Error: --formula macs has no column: add 'formula' to the columns, or leave it out\n",
    )
