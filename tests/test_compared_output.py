"""What `convcost.compare` prints and saves, whole: at each width and in each format."""

import json

import jsonschema
import pytest

import convcost
from convcost.symbols import symbol


def config(name, units):
    dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    return {"name": name, "layers": [dense]}


WIDE, SMALL = config("a_wide_model_of_one_layer", 4000), config("small*", 5)


@pytest.fixture(scope="module")
def models():
    table = convcost.compare(WIDE, SMALL, config("x", 20), input_shape=(1000,))
    return table.with_column("top-1 %", [91.5, None, 88])


@pytest.fixture(scope="module")
def both():
    return convcost.compare(WIDE, SMALL, input_shape=(1000,))


@pytest.fixture(scope="module")
def validate(root):
    def check(name, data):
        schema = json.loads((root / f"docs/_static/{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(data)

    return check


AT_80 = """\
3 models
                                                          params    MACs
model                        params      MACs      bytes   ratio   ratio top-1 %
────────────────────────────────────────────────────────────────────────────────
a_wide_model_of_one_layer 4,004,000 4,000,000 16,016,000       1       1    91.5
small*                        5,005     5,000     20,020 0.00125 0.00125
x                            20,020    20,000     80,080   0.005   0.005      88
ratios are to a_wide_model_of_one_layer; a MAC is one multiply and one add;
FLOPs are 2 * MACs, without the bias additions
no room at 80 columns for: input_shape, flops"""
AT_40 = """\
3 models

model           params      MACs top-1 %
────────────────────────────────────────
a_wide…layer 4,004,000 4,000,000    91.5
small*           5,005     5,000
x               20,020    20,000      88
ratios are to a_wide_model_of_one_layer;
a MAC is one multiply and one add; FLOPs
are 2 * MACs, without the bias additions
no room at 40 columns for: input_shape,
flops, size, params_ratio, macs_ratio"""
CSV = """\
model,input_shape,params,macs,flops,size,params_ratio,macs_ratio,top-1 %
a_wide_model_of_one_layer,"(1000,)",4004000,4000000,8000000,16016000,1.0,1.0,91.5
small*,"(1000,)",5005,5000,10000,20020,0.00125,0.00125,
x,"(1000,)",20020,20000,40000,80080,0.005,0.005,88
"""
MARKDOWN = r"""| model                     | input shape   |    params |      MACs |     FLOPs |      bytes |   params ratio |   MACs ratio |   top-1 % |
|---------------------------|---------------|-----------|-----------|-----------|------------|----------------|--------------|-----------|
| a_wide_model_of_one_layer | (1000,)       | 4,004,000 | 4,000,000 | 8,000,000 | 16,016,000 |              1 |            1 |      91.5 |
| small\*                   | (1000,)       |     5,005 |     5,000 |    10,000 |     20,020 |        0.00125 |      0.00125 |           |
| x                         | (1000,)       |    20,020 |    20,000 |    40,000 |     80,080 |          0.005 |        0.005 |        88 |"""  # noqa: E501
LATEX = r"""\begin{table}
\centering
\footnotesize
\setlength{\tabcolsep}{3pt}
\caption{3 models. Ratios are to a\_wide\_model\_of\_one\_layer; a MAC is one multiply and one add; FLOPs are 2 $\times$ MACs, without the bias additions.}
\label{tab:models}
\begin{tabular}{llrrrrrrr}
\toprule
model & input shape & params & MACs & FLOPs & bytes & params ratio & MACs ratio & top-1 \% \\
\midrule
a\_wide\_model\_of\_one\_layer & $1000$ & 4\,004\,000 & 4\,000\,000 & 8\,000\,000 & 16\,016\,000 & 1 & 1 & 91.5 \\
small* & $1000$ & 5\,005 & 5\,000 & 10\,000 & 20\,020 & 0.00125 & 0.00125 &  \\
x & $1000$ & 20\,020 & 20\,000 & 40\,000 & 80\,080 & 0.005 & 0.005 & 88 \\
\bottomrule
\end{tabular}
\end{table}"""  # noqa: E501
AUTO_OF_TWO = """\
wide against small
              params  params   params    MACs   MACs     MACs
layer  kind   before   after    ratio  before  after    ratio
─────────────────────────────────────────────────────────────
head   Dense   4.0 M   5.0 k  0.00125   4.0 M  5.0 k  0.00125
─────────────────────────────────────────────────────────────
total          4.0 M   5.0 k  0.00125   4.0 M  5.0 k  0.00125
before: 4.0 M parameters, 4.0 M MACs (8.0 M FLOPs), 4.0 k bias additions
after: 5.0 k parameters, 5.0 k MACs (10.0 k FLOPs), 5 bias additions
after / before: parameters 1/800 = 0.00125 (800.00 times fewer), MACs 1/800 = 0.00125 (800.00 times fewer)
"""  # noqa: E501
AUTO_OF_MORE = """\
3 models
                                                           params     MACs
model      input shape  params   MACs   FLOPs      bytes    ratio    ratio
──────────────────────────────────────────────────────────────────────────
wide       (1000,)       4.0 M  4.0 M   8.0 M  15.27 MiB        1        1
small      (1000,)       5.0 k  5.0 k  10.0 k  19.55 KiB  0.00125  0.00125
small (2)  (1000,)       5.0 k  5.0 k  10.0 k  19.55 KiB  0.00125  0.00125
ratios are to wide; a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions
"""  # noqa: E501
HTML = (
    "<p>3 models</p><table><thead>"
    '<tr><th style="text-align: left">model'
    '</th><th style="text-align: left">input shape'
    '</th><th style="text-align: right">params'
    '</th><th style="text-align: right">MACs'
    '</th><th style="text-align: right">FLOPs'
    '</th><th style="text-align: right">bytes'
    '</th><th style="text-align: right">params ratio'
    '</th><th style="text-align: right">MACs ratio'
    '</th><th style="text-align: right">top-1 %'
    "</th>"
    "</tr>"
    "</thead>"
    "<tbody>"
    '<tr><td style="text-align: left">a_wide_model_of_one_layer'
    '</td><td style="text-align: left">(1000,)'
    '</td><td style="text-align: right">4,004,000'
    '</td><td style="text-align: right">4,000,000'
    '</td><td style="text-align: right">8,000,000'
    '</td><td style="text-align: right">16,016,000'
    '</td><td style="text-align: right">1'
    '</td><td style="text-align: right">1'
    '</td><td style="text-align: right">91.5'
    "</td>"
    "</tr>"
    '<tr><td style="text-align: left">small*'
    '</td><td style="text-align: left">(1000,)'
    '</td><td style="text-align: right">5,005'
    '</td><td style="text-align: right">5,000'
    '</td><td style="text-align: right">10,000'
    '</td><td style="text-align: right">20,020'
    '</td><td style="text-align: right">0.00125'
    '</td><td style="text-align: right">0.00125'
    '</td><td style="text-align: right">'
    "</td>"
    "</tr>"
    '<tr><td style="text-align: left">x'
    '</td><td style="text-align: left">(1000,)'
    '</td><td style="text-align: right">20,020'
    '</td><td style="text-align: right">20,000'
    '</td><td style="text-align: right">40,000'
    '</td><td style="text-align: right">80,080'
    '</td><td style="text-align: right">0.005'
    '</td><td style="text-align: right">0.005'
    '</td><td style="text-align: right">88'
    "</td>"
    "</tr>"
    "</tbody>"
    "</table>"
    "<p>ratios are to a_wide_model_of_one_layer; a MAC is one multiply and one add; F"
    "LOPs are 2 * MACs, without the bias additions</p>"
)


def test_several_models_as_text(models):
    assert models.to_text(80) == AT_80
    assert models.to_text(40) == AT_40


def test_several_models_in_each_format(models):
    assert models.to_csv() == CSV
    assert models.to_markdown() == MARKDOWN
    assert models.to_latex(caption=True, label="tab:models") == LATEX
    assert models._repr_html_() == HTML
    assert json.loads(models.to_json()) == {
        **HEADER,
        "comparison": "models",
        "rows": [
            {
                "model": name,
                "input_shape": [1000],
                "params": params,
                "macs": macs,
                "flops": 2 * macs,
                "size": 4 * params,
                "params_ratio": {"exact": ratio, "value": params / 4004000},
                "macs_ratio": {"exact": ratio, "value": macs / 4000000},
                "top-1 %": top,
                "left_out": [],
            }
            for name, params, macs, ratio, top in (
                ("a_wide_model_of_one_layer", 4004000, 4000000, "1", 91.5),
                ("small*", 5005, 5000, "1/800", None),
                ("x", 20020, 20000, "1/200", 88),
            )
        ],
    }


HEADER = {
    "version": 1,
    "convcost": convcost.__version__,
    "convention": "a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias"
    " additions",
    "units": {
        "params": "parameters: weights, biases included",
        "macs": "multiply-accumulates for one input",
        "flops": "floating-point operations for one input, two for each MAC",
        "bias_adds": "additions of a bias for one input",
        "size": "bytes of the parameters, by the types of the weights",
        "shapes": "elements, without the batch dimension",
    },
}


def test_two_models_as_json(both):
    def side(name, params, macs, bias_adds):
        counts = {"macs": macs, "flops": 2 * macs, "tf.profiler": 2 * macs + bias_adds}
        return {
            "name": name,
            "input_shapes": [[1000]],
            "left_out": [],
            "params": params,
            "macs": macs,
            "flops": 2 * macs,
            "bias_adds": bias_adds,
            "trainable_params": params,
            "non_trainable_params": 0,
            "size": 4 * params,
            "counts": counts,
        }

    ratio = {"exact": "1/800", "value": 0.00125}
    assert json.loads(both.to_json()) == {
        **HEADER,
        "comparison": "layers",
        "before": side("a_wide_model_of_one_layer", 4004000, 4000000, 4000),
        "after": side("small*", 5005, 5000, 5),
        "ratio": {"params": ratio, "macs": ratio},
        "rows": [
            {
                "name_before": "head",
                "name_after": "head",
                "name": "head",
                "kind": "Dense",
                "params_before": 4004000,
                "params_after": 5005,
                "params_ratio": ratio,
                "macs_before": 4000000,
                "macs_after": 5000,
                "macs_ratio": ratio,
            }
        ],
    }


def test_what_is_saved_fits_the_schemas(models, both, validate):
    validate("comparison", json.loads(models.to_json()))
    validate("comparison", json.loads(both.to_json()))
    open_ended = [convcost.from_keras(one, (symbol("h"),)) for one in (WIDE, SMALL, WIDE)]
    validate("comparison", json.loads(convcost.compare(*open_ended).to_json()))
    validate("comparison", json.loads(convcost.compare(*open_ended[:2]).to_json()))
    gate = {"module": "shop", "class_name": "Gate", "config": {"name": "gate"}}
    with pytest.warns(UserWarning, match="left out"):
        unknown = convcost.from_keras(
            {"name": "gated", "layers": [gate]}, (4,), on_unknown="warn", shapes={"gate": (4,)}
        )
    compared = convcost.compare(unknown, unknown, unknown).as_dict()
    assert [row["left_out"] for row in compared["rows"]] == [["gate"]] * 3
    validate("comparison", compared)
    compared = convcost.compare(unknown, convcost.from_keras(SMALL, (4,))).as_dict()
    assert compared["ratio"] == {"params": None, "macs": None}
    validate("comparison", compared)
    for wrong in ({**both.as_dict(), "comparison": "models"}, {**models.as_dict(), "version": 2}):
        with pytest.raises(jsonschema.ValidationError):
            validate("comparison", json.loads(json.dumps(wrong)))
    with pytest.raises(ValueError, match="name must be another name than those of the columns"):
        models.with_column("left_out", [1, 2, 3])


def test_a_column_of_ones_own_is_saved_as_it_is(both):
    table = convcost.compare(*[WIDE] * 3, input_shape=(3,))
    rows = table.with_column("mine", [0.5, float("nan"), None]).as_dict()["rows"]
    assert [row["mine"] for row in rows] == [0.5, "nan", None]
    assert not table.with_column("none", [None] * 3).columns[-1].number


def test_there_is_no_ratio_to_nothing():
    norm = {"class_name": "BatchNormalization", "config": {"name": "norm"}}
    flat = {"class_name": "Flatten", "config": {"name": "flat"}}
    norms, nothing = ({"name": "n", "layers": [one]} for one in (norm, flat))
    notes = convcost.compare(norms, norms, input_shape=(4,)).notes
    assert notes[2] == "after / before: no ratio to 0 MACs"
    notes = convcost.compare(nothing, norms, input_shape=(4,)).notes
    assert notes[2] == "after / before: no ratio to 0 parameters and 0 MACs"


def test_checks_fit_their_schema(tmp_path, monkeypatch, run, validate):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(json.dumps(config("small", 5)))
    shape = ("--input-shape", "1000", "--json")
    assert run("summary", "small.json", *shape, "-o", "saved.json")[0] == 0
    for code, words in (
        (0, ("--max-macs", "5k", "--max-size", "1MiB")),
        (1, ("--max-params", "1k")),
        (0, ("--baseline", "saved.json", "--tolerance", "0.5%")),
    ):
        found, out, _ = run("check", "small.json", *words, *shape)
        assert found == code
        validate("check", json.loads(out))
    found, out, _ = run("check", "gone.json", "--max-params", "1k", "--json")
    assert found == 2
    validate("check", json.loads(out))


def test_units_on_the_shell(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    for name, units in (("wide", 4000), ("small", 5)):
        (tmp_path / f"{name}.json").write_text(json.dumps(config(name, units)))
    given = ("--input-shape", "1000", "--units", "auto")
    assert run("compare", "wide.json", "small.json", *given) == (0, AUTO_OF_TWO, "")
    assert run("compare", "wide.json", "small.json", "small.json", *given) == (0, AUTO_OF_MORE, "")
    exact = run("compare", "wide.json", "small.json", *given[:2], "--json")
    assert run("compare", "wide.json", "small.json", *given, "--json") == exact
    with pytest.raises(ValueError, match="units must be 'exact' or 'auto'; got 'short'"):
        convcost.compare("wide.json", "small.json", input_shape=(3,), units="short")
    with pytest.raises(ValueError, match="units must be 'exact' or 'auto'; got 'k'"):
        convcost.compare(*["wide.json"] * 3, input_shape=(3,), units="k")
