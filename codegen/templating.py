"""The one Jinja environment: strict about what a template asks for and about what it is given."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, meta


@cache
def environment() -> Environment:
    """The environment of every template: plain text, and an unknown name is an error."""
    return Environment(
        loader=PackageLoader("codegen"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, /, **data: object) -> str:
    """Fill the template in; data that it never mentions is an error too."""
    unused = data.keys() - names_read(template)
    if unused:
        raise ValueError(f"{template} has no use for {', '.join(sorted(unused))}")
    return environment().get_template(template).render(data)


@cache
def names_read(name: str) -> frozenset[str]:
    """The data that a template asks for, by itself or through what it includes."""
    env = environment()
    assert env.loader is not None
    tree = env.parse(env.loader.get_source(env, name)[0], name)
    names = meta.find_undeclared_variables(tree)
    for included in meta.find_referenced_templates(tree):
        if included is None:
            raise ValueError(f"{name} includes a template whose name isn't plain text")
        names |= names_read(included)
    return frozenset(names)
