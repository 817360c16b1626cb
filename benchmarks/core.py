"""The price of the library over bare arithmetic, and of importing it over a bare interpreter."""

import sys
from timeit import Timer

import pyperf

BARE = "(dk*dk*m + m*n + n, df*df*m*(dk*dk + n), n*df*df)"
CALL = "separable(3, 32, 64, 28)"
SETUP = "from convcost import separable; dk, m, n, df = 3, 32, 64, 28"


def main() -> None:
    """Run the benchmarks and print how they compare."""
    runner = pyperf.Runner()
    # Not runner.timeit, which in pyperf 2.10 does not return what it measured.
    expression = runner.bench_time_func("bare expression", Timer(BARE, SETUP).timeit)
    call = runner.bench_time_func(CALL, Timer(CALL, SETUP).timeit)
    bare = runner.bench_command("python -c pass", [sys.executable, "-c", "pass"])
    loaded = runner.bench_command(
        "python -c 'import convcost'", [sys.executable, "-c", "import convcost"]
    )
    if runner.args.worker:  # pyperf runs this file again in each of its measuring processes
        return
    print(f"a call costs {call.median() / expression.median():.2f} times the bare expression")
    print(
        f"the import costs {(loaded.median() - bare.median()) * 1e3:.2f} ms over a bare interpreter"
    )


if __name__ == "__main__":
    main()
