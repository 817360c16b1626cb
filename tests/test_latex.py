"""Tables in LaTeX: what is escaped, and what is set as mathematics."""

import shutil
import subprocess

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
        r"conv\_1 & Conv2D & $26 \times 26 \times 64$ & 18\,496 & 12\,460\,032 & 100.00 \% &"
        r" $(3 \times 3 \times 32+1) \times 64 = 18496$ \\"
    )
    assert lines[5].startswith(
        r"50\%\&\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}\textless{}\textbar{}"
        r"\textgreater{}\$ & Flatten"
    )
    assert lines[-4:] == [
        r"\midrule",
        r"total &  &  & 18\,496 & 12\,460\,032 & 100.00 \% &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_a_caption_names_the_convention(tmp_path):
    report = convcost.summary(CONFIG, (28, 28, 32))
    made = report.to_latex(tmp_path / "costs.tex", caption=True, label="tab:costs")
    assert (tmp_path / "costs.tex").read_text() == made
    lines = made.splitlines()
    # A row with its formula is wide.
    smaller = [r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"]
    assert lines[:4] == [r"\begin{table}", r"\centering", *smaller]
    assert lines[4].startswith(r"\caption{tiny\_model: (28, 28, 32). Total: 18\,496 parameters")
    assert r"A MAC is one multiply and one add; FLOPs are 2 $\times$ MACs, without" in lines[4]
    assert lines[5] == r"\label{tab:costs}"
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
        ("(1, 344)", r"$1 \times 344$"),
        ("(64,)", "$64$"),
        ("(None, w_1, 3)", r"$\mathrm{None} \times \mathrm{w\_1} \times 3$"),
        ("(w + 1, 3)", "(w + 1, 3)"),
        ("4*t", r"$4 \times t$"),
        ("4*t_words**2", r"$4 \times t_{\mathrm{words}}^{2}$"),
        ("h_a_b*w", r"$h_{\mathrm{a\_b}} \times w$"),
        ("4*h1_a_b + h2_out", r"$4 \times h1_{\mathrm{a\_b}} + h2_{\mathrm{out}}$"),
        ("a**2*b**n", r"$a^{2} \times b^{n}$"),
        # Names of layers that look like arithmetic, and powers of more than a number.
        *((text, text.replace("_", r"\_")) for text in ("a*b_", "_*_", "a*1_b", "a**b**c", "é*2")),
        ("(h + 1)**(1/2)*3", "(h + 1)**(1/2)*3"),
        ("a\n\nb", "a b"),
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


def test_only_some_columns():
    report = convcost.summary(CONFIG, (28, 28, 32))
    lines = report.to_latex(columns=["macs", "name"]).splitlines()
    assert lines[0] == r"\begin{tabular}{lr}"
    assert lines[2:5:2] == [r"layer & MACs \\", r"conv\_1 & 12\,460\,032 \\"]
    assert lines[-3] == r"total & 12\,460\,032 \\"
    with pytest.raises(ValueError, match=r"columns must be one of .*; did you mean 'macs'"):
        report.to_latex(columns=["mac"])


def test_a_row_does_not_begin_with_what_a_line_break_takes():
    names = ["[x]", "*", "x"]
    layers = [{"class_name": "Flatten", "config": {"name": name}} for name in names]
    lines = convcost.summary({"name": "n", "layers": layers}, (2,)).to_latex().splitlines()
    assert [line.split(" & ")[0] for line in lines[4:7]] == ["{}[x]", "{}*", "x"]


def test_more_rows_than_a_page_holds_are_a_longtable():
    layers = [{"class_name": "Dense", "config": {"name": f"d{i}", "units": 2}} for i in range(41)]
    report = convcost.summary({"name": "long", "layers": layers}, (2,), columns=["params"])
    lines = report.to_latex(caption="Many", label="tab:many").splitlines()
    head = [r"\toprule", r"layer & params \\", r"\midrule"]
    assert lines[:13] == [
        *(r"\begingroup", r"\begin{longtable}{lr}"),
        *(r"\caption{Many}", r"\label{tab:many} \\"),
        *(*head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule"),
    ]
    assert lines[13:15] == [r"\endfoot", r"d0 & 6 \\"]
    assert lines[-4:] == [
        *(r"\midrule", r"total & 246 \\"),
        *(r"\end{longtable}", r"\endgroup"),
    ]
    bare = report.to_latex().splitlines()
    assert bare[2:6] == [*head, r"\endhead"]
    few = report.filter(lambda row: row.name != "d0").to_latex()
    assert few.startswith(r"\begin{tabular}")
    assert r"shown & 240 \\" in few


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")
def test_it_compiles_to_a_page(tmp_path):
    report = convcost.summary(CONFIG, (28, 28, 32))
    report.to_latex(tmp_path / "costs.tex", caption=True, label="tab:costs")
    report.to_latex(tmp_path / "bare.tex")
    (tmp_path / "page.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs,longtable}\begin{document}"
        r"\input{costs}\input{bare}\end{document}"
    )
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "Output written on page.pdf (1 page" in done.stdout
