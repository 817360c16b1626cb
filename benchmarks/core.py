"""The price of the library over bare arithmetic, and of importing it over a bare interpreter."""

import sys

import pyperf

BARE = "(dk*dk*m + m*n + n, df*df*m*(dk*dk + n), n*df*df)"
SETUP = "from convcost import separable; dk, m, n, df = 3, 32, 64, 28"


def main() -> None:
    """Run the benchmarks and print how they compare."""
    runner = pyperf.Runner()
    expression = runner.timeit("bare expression", BARE, setup=SETUP)
    call = runner.timeit("separable(3, 32, 64, 28)", "separable(3, 32, 64, 28)", setup=SETUP)
    bare = runner.bench_command("python -c pass", [sys.executable, "-c", "pass"])
    loaded = runner.bench_command(
        "python -c 'import convcost'", [sys.executable, "-c", "import convcost"]
    )
    if runner.args.worker or not all((expression, call, bare, loaded)):
        return
    print(f"a call costs {call.median() / expression.median():.2f} times the bare expression")
    print(f"the import costs {(loaded.median() - bare.median()) * 1e3:.2f} ms over {bare}")


if __name__ == "__main__":
    main()
