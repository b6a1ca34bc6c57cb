from __future__ import annotations

from pathlib import Path

from proven.packages import build
from proven.packages.parameters import MAX_PARAMETERS, Parameter, parameters


def read(folder: Path, source: str) -> dict[str, tuple[Parameter, ...]]:
    (folder / "src").mkdir()
    (folder / "package.json").write_text('{"name": "example", "type": "module"}')
    (folder / "src" / "app.ts").write_text(
        f"import {{ run, runWithOptions }} from '@proven-network/handler';\n{source}"
    )
    package = build(folder)
    found = parameters(package, package.manifest.handlers)
    return {address.partition("#")[2]: each for address, each in found.items()}


def test_parameters_are_named_and_typed_as_they_are_written(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        interface Filter { done?: boolean }
        export const none = run(() => 1);
        export const plain = run(async (title: string, count = 1, filter?: Filter) => title);
        export const taken = run((id: string, { title, done }: { title?: string; done?: boolean }) => id);
        export const rest = run((first: number, ...others: number[]) => first);
        export const alone = run(x => x);
        export const options = runWithOptions({ timeout: 100 }, (when: Date) => when);
        """,
    )
    assert found == {
        "none": (),
        "plain": (
            Parameter("title", "string"),
            Parameter("count", None, optional=True),
            Parameter("filter", "Filter", optional=True),
        ),
        "taken": (
            Parameter("id", "string"),
            Parameter("{ title, done }", "{ title?: string; done?: boolean }"),
        ),
        "rest": (Parameter("first", "number"), Parameter("others", "number[]", optional=True, rest=True)),
        "alone": (Parameter("x"),),
        "options": (Parameter("when", "Date"),),
    }


def test_functions_are_found_by_name_and_what_is_not_found_is_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        function declared(a: string) { return a; }
        const constant = (b: number) => b;
        const made = [(c: boolean) => c][0];
        export const one = run(declared);
        export const two = run(constant);
        export const three = run(made);
        """,
    )
    assert found == {"one": (Parameter("a", "string"),), "two": (Parameter("b", "number"),)}


def test_what_is_read_is_bounded(tmp_path: Path) -> None:
    many = ", ".join(f"a{number}" for number in range(100))
    found = read(
        tmp_path,
        f"export const many = run(({many}) => 1);\n"
        f"export const long = run((x: '{'y' * 1000}') => x);\n"
        f"export const named = run(({{ {'z' * 500} }}) => 1);",
    )
    assert len(found["many"]) == MAX_PARAMETERS
    assert len(found["long"][0].type or "") == 200
    assert len(found["named"][0].name) == 80
