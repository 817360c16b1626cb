"""Tables in LaTeX: what is escaped, and what is set as mathematics."""

import pytest

import convcost
from convcost._report import latex

CONFIG = {
    "name": "tiny_model",
    "layers": [
        {"class_name": "Conv2D", "config": {"name": "conv_1", "filters": 64, "kernel_size": 3}},
        {"class_name": "Flatten", "config": {"name": "50%&#{}~^\\<|>$"}},
    ],
}


def test_a_report_is_a_tabular_with_booktabs():
    report = convcost.summary(CONFIG, (28, 28, 32))
    lines = report.to_latex().splitlines()
    assert lines[:3] == [
        r"\begin{tabular}{lllrrrl}",
        r"\toprule",
        r"layer & kind & output shape & params & MACs & share & params = \\",
    ]
    assert lines[4] == (
        r"conv\_1 & Conv2D & (26, 26, 64) & 18\,496 & 12\,460\,032 & 100.00 \% &"
        r" $(3 \times 3 \times 32+1) \times 64 = 18496$ \\"
    )
    assert lines[5].startswith(
        r"50\%\&\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}\textless{}\textbar{}"
        r"\textgreater{}\$ & Flatten"
    )
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]


def test_a_caption_names_the_convention(tmp_path):
    report = convcost.summary(CONFIG, (28, 28, 32))
    made = report.to_latex(tmp_path / "costs.tex", caption=True, label="tab:costs")
    assert (tmp_path / "costs.tex").read_text() == made
    lines = made.splitlines()
    assert lines[:2] == [r"\begin{table}", r"\centering"]
    assert lines[2].startswith(r"\caption{tiny\_model: (28, 28, 32). total: 18\,496 parameters")
    assert r"a MAC is one multiply and one add" in lines[2]
    assert lines[3] == r"\label{tab:costs}"
    assert lines[-1] == r"\end{table}"
    assert r"\caption{Costs \& more}" in report.to_latex(caption="Costs & more")
    labelled = report.to_latex(label="tab:x")
    assert r"\label{tab:x}" in labelled
    assert r"\caption" not in labelled


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("1,344", r"1\,344"),
        ("12", "12"),
        ("-1,344,000", r"-1\,344\,000"),
        ("(1, 344)", "(1, 344)"),
        ("4*t", r"$4 \times t$"),
        ("4*t_words**2", r"$4 \times t_{\mathrm{words}}^{2}$"),
        ("h_a_b*w", r"$h_{\mathrm{a\_b}} \times w$"),
        ("9 = 9", "$9 = 9$"),
        ("28*28", r"$28 \times 28$"),
        ("3 layers: 1,344", r"3 layers: 1\,344"),
        ("left out: cost not known", "left out: cost not known"),
        ("Conv2D", "Conv2D"),
        ("", ""),
    ],
)
def test_cells(text, made):
    assert latex.cell(text) == made
