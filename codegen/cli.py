"""The command `chainrule`: what it understands, and how it ends.

The line is read first, and only then is anything imported that takes time: `--help` answers at
once. What is asked for runs in `main`, outside of typer, so that every end is ours: 0 done, 1 some
formula is wrong, 2 the request can't be served, with one line that says why.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer

from codegen.terminal import complain, hush, say

DONE, WRONG, REFUSED, INTERRUPTED = 0, 1, 2, 130

Job = Callable[[], int]


def _option(metavar: str, text: str) -> Any:
    """An option that takes a word."""
    return typer.Option(metavar=metavar, help=text)


Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A spec (TOML); - is standard input.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write; else standard output."),
]
DocumentFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="tex, pdf, md, html or json; of an expression text, tex, py, md or json; "
        "else what the file's ending says.",
    ),
]

app = typer.Typer(
    help="Equations in; derivation, training code and the proof that the two agree out.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


@app.callback(invoke_without_command=True)
def chainrule(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Equations in; derivation, training code and the proof that the two agree out."""
    if show_version:
        typer.echo(f"chainrule {version('chainrule')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


@app.command()
def derive(
    spec: Annotated[
        str | None, typer.Argument(metavar="[SPEC]", help="A spec (TOML); - is standard input.")
    ] = None,
    output: Output = None,
    format_: DocumentFormat = None,
    expression: Annotated[
        str | None,
        _option("TEXT", "Instead of a spec: x.T @ A @ x, in matrix notation."),
    ] = None,
    wrt: Annotated[
        str | None,
        _option("NAMES", "What to differentiate by, such as W1,b1; else all."),
    ] = None,
    shapes: Annotated[
        str | None, _option("SHAPES", "Its arrays: 'A: n n symmetric, x: n, c'.")
    ] = None,
    notation: Annotated[str, _option("NOTATION", "matrix, index or both.")] = "both",
    detail: Annotated[str, _option("DETAIL", "result, steps or full.")] = "steps",
    lang: Annotated[str, _option("LANGUAGE", "en or zh.")] = "en",
    samples: Annotated[
        str, _option("SAMPLES", "column (one sample), or a batch in rows.")
    ] = "column",
    layout: Annotated[
        str, _option("LAYOUT", "Of gradients: denominator or numerator.")
    ] = "denominator",
    errors: Annotated[str, _option("ERRORS", "Error terms as delta or as partial.")] = "delta",
    calculus: Annotated[
        str, _option("CALCULUS", "Steps by differential or by kronecker.")
    ] = "differential",
    level: Annotated[str, _option("LEVEL", "intro: a neuron first; or brief.")] = "intro",
    order: Annotated[int, _option("ORDER", "1; or 2, with the second derivatives.")] = 1,
    scalars: Annotated[
        bool, typer.Option("--scalars", help="Write each weight's derivative out (small nets).")
    ] = False,
    fragment: Annotated[
        bool, typer.Option("--fragment", help="tex without a preamble, for \\input.")
    ] = False,
) -> Job:
    """Write the derivation of all gradients as a document."""
    options = {
        "notation": notation,
        "detail": detail,
        "lang": lang,
        "samples": samples,
        "layout": layout,
        "errors": errors,
        "calculus": calculus,
        "level": level,
        "order": order,
        "wrt": tuple(n.strip() for n in wrt.split(",")) if wrt else (),
        "scalars": scalars,
        "fragment": fragment,
    }
    asked = {"expression": expression, "wrt": wrt, "shapes": shapes}
    return _later("codegen.commands.derive:run", spec, output, format_, options, asked)


@app.command()
def new(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="mlp, cnn, lstm, transformer, objective, layer or loss."
        ),
    ],
    output: Output = None,
    data: Annotated[str | None, _option("CSV", "A table that the net is to fit; mlp.")] = None,
    target: Annotated[str | None, _option("COLUMN", "What it is to tell.")] = None,
) -> Job:
    """Write a spec to begin with, commented; it writes over nothing."""
    return _later("codegen.commands.new:run", kind, output, data, target)


@app.command()
def explain(
    spec: Spec,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A tensor, such as W1.")],
    detail: Annotated[str, _option("DETAIL", "steps or full.")] = "steps",
    lang: Annotated[str, _option("LANGUAGE", "en or zh.")] = "en",
) -> Job:
    """Show the derivation of one gradient, step by step."""
    return _later("codegen.commands.explain:run", spec, name, detail, lang)


@app.command()
def emit(
    spec: Spec,
    output: Output = None,
    target: Annotated[
        str, _option("TARGET", "numpy or c. With c, -o net.c writes C alone.")
    ] = "numpy",
    style: Annotated[str, _option("STYLE", "plain.")] = "plain",
    dtype: Annotated[str, _option("TYPE", "float64 or float32.")] = "float64",
    part: Annotated[
        str,
        _option("PART", "all; or math, without the estimator below it."),
    ] = "all",
    device: Annotated[
        str, _option("DEVICE", "host; or small, for C without double precision and vectors.")
    ] = "host",
    explain_passes: Annotated[
        bool,
        typer.Option("--explain-passes", help="Print what each pass did; -o still writes."),
    ] = False,
) -> Job:
    """Write a module that computes, trains and predicts."""
    work = "codegen.commands.emit:explain_passes" if explain_passes else "codegen.commands.emit:run"
    return _later(work, spec, output, target, style, dtype, part, device)


@app.command()
def check(
    spec: Spec,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULAS",
            help="Formulas by hand: a file, - for standard input, or a folder of answers.",
        ),
    ] = None,
    form: Annotated[str, _option("FORM", "Of the formulas: equations, numpy or latex.")] = "",
    names: Annotated[str, _option("NAMES", 'What their names mean: "a=y1, delta=dz2".')] = "",
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; a folder's comments."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown instead of a table.")
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Run NumPy source, in a process of its own.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first that is wrong.")
    ] = False,
    order: Annotated[int, _option("ORDER", "1; or 2, with the second derivatives.")] = 1,
) -> Job:
    """Check all gradients, the emitted module, and formulas by hand."""
    options = {
        "against": against,
        "form": form,
        "names": names,
        "output": output,
        "as_json": json,
        "as_markdown": markdown,
        "run": run,
        "fail_fast": fail_fast,
        "order": order,
    }
    return _later("codegen.commands.check:run", spec, options)


@app.command()
def bench(
    spec: Spec,
    output: Output = None,
    target: Annotated[str, _option("TARGETS", "Modules to time: numpy, or numpy,c.")] = "numpy",
    against: Annotated[
        str, _option("PEERS", "Libraries beside them: torch, torch-compile, jax.")
    ] = "",
    batch: Annotated[int | None, _option("N", "Samples in a batch; else 32.")] = None,
    sizes: Annotated[str, _option("SIZES", "Other run-time extents: t=32,k=5; else 16.")] = "",
    dtype: Annotated[str, _option("TYPE", "float64 or float32.")] = "float32",
    rounds: Annotated[int, _option("N", "In how many rounds all take turns.")] = 15,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> Job:
    """Time a training step, as a whole and by formula."""
    names, numbers = (target, against), (batch, sizes, rounds)
    return _later("codegen.commands.bench:run", spec, output, names, numbers, dtype, json)


@app.command()
def layers(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="An entry, here or elsewhere; losses, …; or a word to look for."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> Job:
    """List the catalogue; or show an entry with its derived gradients."""
    return _later("codegen.commands.layers:run", name, json)


@app.command()
def schema(output: Output = None) -> Job:
    """Write the JSON schema of a spec, by which editors complete it."""
    return _later("codegen.commands.schema:run", output)


@app.command()
def demo(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")
    ] = "chainrule-demo",
) -> Job:
    """Do the main job on real data: derive, emit, check, train, draw."""
    return _later("codegen.demo.command:run_demo", output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        complain("error", "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        hush()
        return DONE
    except OSError as error:
        complain("error", _os_error_text(error))
    except Exception as error:
        for line in _problems(error):
            complain("error", line)
    return REFUSED


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    job = command.main(arguments, prog_name="chainrule", standalone_mode=False)
    code = job() if callable(job) else int(job or DONE)
    say("")
    return code


def _later(work: str, *arguments: Any) -> Job:
    """A job that imports what it needs when it is run: `module:function`."""

    def job() -> int:
        module, _, function = work.partition(":")
        return int(getattr(import_module(module), function)(*arguments))

    return job


_CURES = {
    errno.EISDIR: "this is a folder; give a file's name",
    errno.EEXIST: "this is a file; give a folder's name",
    errno.ENOENT: "there is no such folder or file",
    errno.ENOTDIR: "what should be a folder on the way there is a file",
    errno.ENOSPC: "no space is left there",
}


def _os_error_text(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{_CURES.get(error.errno or 0) or error.strerror or error}"


def _problems(error: Exception) -> list[str]:
    """One line for each thing that is wrong with what the user gave, or with us."""
    if hasattr(error, "problems"):  # ChainruleError, whose module takes its time to import
        return list(error.problems)
    if hasattr(error, "format_message"):  # typer's, whose classes move between its versions
        return [str(error.format_message())]
    if os.environ.get("CHAINRULE_TRACEBACK"):
        raise error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return [
        f"this is a fault of chainrule's: {type(error).__name__} {error} ({place}); please report "
        "it with the spec; CHAINRULE_TRACEBACK=1 shows more"
    ]


if __name__ == "__main__":
    sys.exit(main())
