"""Python's operators: which the language has, and what is said of the others."""

import ast

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
REFUSED: dict[type[ast.AST], str] = {
    ast.BitXor: "'^' is not a power here; write '**'",
    ast.MatMult: "'@' belongs to matrices; write the sum, such as sum(j, W[i,j]*x[n,j])",
    ast.BitAnd: "'&' is not known; write 'and'",
    ast.BitOr: "'|' is not known; write 'or'",
    ast.Attribute: "a dot after a name is not known; write functions by name, such as exp(x[n,i])",
    ast.Lambda: "lambda is not known; write the value itself",
    ast.IfExp: "'if' is not known; write where(condition, value, other)",
    ast.Slice: "a slice is not known; write a letter for the axis",
    ast.ListComp: "a comprehension is not known; write sum(j, ...)",
    ast.GeneratorExp: "a generator is not known; write sum(j, ...)",
    ast.Starred: "'*' before a value is not known",
    ast.NamedExpr: "':=' is not known; write an equation on a line of its own",
    ast.Invert: "'~' is not known; write 'not'",
    ast.Tuple: "a list of values is not known; write one value",
    ast.List: "a list is not known; give numbers in [example]",
}
SUMS = ("+", "-")
