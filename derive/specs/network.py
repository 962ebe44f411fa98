"""Layer structure -> System: a network is only a way to write equations.

Layers are read, called by name, put in order, and put in one after the other: their equations
under the names of the whole system. Nothing here knows what any layer computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.errors import ChainruleError, meant, shorten
from derive.ir.notation import Affine, Dim, affine
from derive.ir.system import Layer, Origin, Results, System, Training
from derive.ir.tree import equation_reads, needed_by
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.name_check import check_name
from derive.language.user_numbers import check_title, exact, extent
from derive.specs.builder import Building
from derive.specs.initial_values import initialise
from derive.specs.layer_reader import LayerReader, Planned
from derive.specs.losses import OBJECTIVE, TARGET, Placed, put_losses
from derive.specs.objective import costs_of, put_objective
from derive.specs.sample_weights import WEIGHT
from derive.specs.schema import Spec
from derive.specs.user_entries import BATCH
from derive.specs.wiring import Node, Source, order, unread, wire

_TAKEN = {OBJECTIVE: "the objective", TARGET: "the target"}


def build_network(spec: Spec, training: Training, problems: list[str]) -> System:
    """The system of a spec with layers.

    Raises `ChainruleError` with everything that is wrong, the given problems included.
    """
    return _Network(spec, training, problems).system()


def _with_intermediates(system: System) -> tuple[Layer, ...]:
    """The layers, each with the intermediates that its equations were found to need."""
    owner = {t: k for k, layer in enumerate(system.origin.layers) for t in layer.tensors}
    result: dict[int, list[str]] = {}
    for equation in reversed(system.equations):
        position = owner.get(equation.tensor)
        if position is None:
            continue
        for read in equation_reads(equation):
            new = read.tensor not in owner and system.table[read.tensor].role == "intermediate"
            if new:
                owner[read.tensor] = position
                result.setdefault(position, []).insert(0, read.tensor)
    return tuple(
        replace(layer, tensors=(*layer.tensors, *result.get(k, ())))
        for k, layer in enumerate(system.origin.layers)
    )


class _Network:
    def __init__(self, spec: Spec, training: Training, problems: list[str]) -> None:
        self.spec = spec
        self.training = training
        self.problems = problems
        self.built = Building(
            problems, {k: exact(v, f"constants.{k}", problems) for k, v in spec.constants.items()}
        )
        self.outputs: dict[int, str] = {}
        self.tags: dict[str, str] = {}
        self.layers: list[Layer] = []

    def system(self) -> System:
        wrong = check_title(self.spec.name)
        if wrong:
            self.problems.append(f"name: {wrong}")
        if not self.spec.layers:
            raise ChainruleError(*self.problems, "layers: there is none; add [[layers]]")
        self.inputs()
        reader = LayerReader(self.spec, self.problems)
        layers = reader.layers()
        nodes = [layer.node() if layer else None for layer in layers]
        sources = wire(nodes, tuple(self.spec.inputs), self.problems)
        for k in order(nodes, sources, self.problems):
            layer = layers[k]
            if layer and sources[k]:
                self.put(k, layer, sources[k])
        last = self.output(nodes)
        output = self.outputs.get(last)
        named = self.named(nodes)
        costs = costs_of(self.spec.parameters, self.problems)
        loss, parts = put_losses(
            self.spec.loss,
            self.built,
            output,
            named,
            reader.own,
            self.spec.task,
            parts=bool(costs),
        )
        initialise(self.spec, self.built, self.layers, whole=None not in nodes)
        put_objective(parts, costs, self.built)
        if self.problems or output is None or loss is None:
            raise ChainruleError(*dict.fromkeys(self.problems))
        system = assemble(self.built.written, self.declared(output, loss), self.problems)
        needed = needed_by({OBJECTIVE}, system.equations)
        judged = tuple(k for k, t in self.outputs.items() if system.unaliased(t) in needed)
        unused = tuple(
            f"{node.place}: nothing reads this layer, and it isn't the output"
            for k in unread(nodes, [*sources, judged], last)
            if (node := nodes[k])
        )
        origin = replace(
            system.origin,
            layers=_with_intermediates(system),
            warnings=(*system.origin.warnings, *unused),
        )
        return replace(system, origin=origin)

    def declared(self, output: str, loss: Placed) -> Declarations:
        built, spec = self.built, self.spec
        return Declarations(
            name=spec.name,
            roles={**built.roles, **dict.fromkeys(built.constants, "constant")},
            constants=built.constants,
            integers=frozenset({*spec.integers, *built.integers}),
            sizes=Sizes(
                ranks={t: len(s) for t, s in built.shapes.items()},
                slots=built.sizes.slots,
                letters=built.sizes.letters,
                batch=(BATCH,),
                batch_slots=tuple((x, 0) for x in spec.inputs),
            ),
            results=Results(OBJECTIVE, output, loss.probabilities),
            assume=tuple(dict.fromkeys((*built.training.assumed, *spec.assume))),
            origin=Origin(
                layers=tuple(self.layers),
                loss_type=loss.type,
                aliases=tuple(built.origin.aliases),
                sources=tuple(built.origin.sources),
            ),
            training=replace(
                self.training,
                initializers=tuple(built.training.initializers.items()),
                frozen=tuple(built.training.frozen),
                draws=tuple(built.training.draws),
                task=loss.task,
                target_kind=loss.target,
                sample_weight=WEIGHT if WEIGHT in built.roles else "",
                limits=tuple(dict.fromkeys(built.training.limits)),
            ),
            tags=self.tags,
        )

    # ---- what stands before the layers -----------------------------------------------------------

    def inputs(self) -> None:
        built = self.built
        if not self.spec.inputs:
            self.problems.append("inputs: there is none; add inputs = { x = [2] }")
        for name, shape in self.spec.inputs.items():
            place = f"inputs.{shorten(name)}"
            wrong = check_name(name)
            if wrong:
                self.problems.append(f"inputs: {wrong}")
            elif name in _TAKEN:
                self.problems.append(
                    f"{place}: '{name}' is {_TAKEN[name]} of a network; take another name"
                )
            elif shape is None:
                self.problems.append(
                    f"{place}: the extents are missing; write inputs = {{ {name} = [2] }}, "
                    "the batch not counted"
                )
            else:
                extents = [affine(Dim(BATCH)), *(self.extent(e, place) for e in shape)]
                built.claim(name, f"the input '{name}'")
                built.roles[name] = "input"
                built.shapes[name] = tuple(extents)
                built.sizes.slots.update(((name, k), e) for k, e in enumerate(extents) if k)
        for name in built.constants:
            wrong = check_name(name)
            if wrong:
                self.problems.append(f"constants: {wrong}")
            built.claim(name, f"the constant '{name}'")
        self.problems.extend(
            f"integers: unknown input '{shorten(name)}'{meant(name, self.spec.inputs)}"
            for name in self.spec.integers
            if name not in self.spec.inputs
        )

    def extent(self, value: int | str, place: str) -> Affine:
        if isinstance(value, int):
            return affine(extent(value, place, self.problems))
        wrong = check_name(value, "letter")
        if wrong:
            self.problems.append(f"{place}: {wrong}")
        elif value == BATCH:
            self.problems.append(
                f"{place}: '{BATCH}' is the batch, which is implied; take another letter"
            )
        return affine(Dim(value))

    # ---- layers ----------------------------------------------------------------------------------

    def put(self, position: int, layer: Planned, sources: Sequence[Source]) -> None:
        """Put a layer in, and the activation after it."""
        read = [s if isinstance(s, str) else self.outputs.get(s) for s in sources]
        tensors = [t for t in read if t is not None]
        if len(tensors) < len(read):
            return
        entry = layer.part.entry
        if entry.is_alias:
            self.alias(layer.name("y"), tensors[0], layer.place)
            self.finish(position, layer, tensors, tensors[0], ())
            return
        lists = {len(names): names for names in entry.inputs_of(layer.part.attributes)}
        locals_ = lists.get(len(tensors), entry.usual_inputs)
        if entry.many:
            locals_ = tuple(f"x{k}" for k, _ in enumerate(tensors, 1))
        one_by_two_names = len(tensors) == 1 < len(locals_)
        inputs = dict(
            zip(locals_, tensors * (len(locals_) if one_by_two_names else 1), strict=True)
        )
        part = layer.part
        names = self.built.put(
            part.row, part.attributes, inputs, layer.name, layer.place, share=layer.share
        )
        if names is None:
            return
        self.built.origin.cite(entry.name, entry.source)
        brought = list(names.values())
        output = names[entry.output]
        after = layer.activation
        if after is not None:
            into = dict.fromkeys(after.entry.usual_inputs, output)
            place = f"{layer.place}.activation"

            def name(local: str) -> str:
                mine = layer.name(local)
                own = mine not in brought  # what the layer itself brought keeps its name
                return mine if own else layer.name(f"{local}_{after.entry.name}")

            names = self.built.put(after.row, after.attributes, into, name, place)
            if names is None:
                return
            self.built.origin.cite(after.entry.name, after.entry.source)
            brought += names.values()
            output = names["y"]
        elif entry.output != "y":
            self.alias(layer.name("y"), output, layer.place)
        self.finish(position, layer, tensors, output, brought)

    def alias(self, name: str, tensor: str, place: str) -> None:
        if self.built.claim(name, place):
            self.built.origin.aliases.append((name, tensor))

    def finish(
        self,
        position: int,
        layer: Planned,
        inputs: Sequence[str],
        output: str,
        brought: Sequence[str],
    ) -> None:
        self.outputs[position] = output
        self.tags.update(dict.fromkeys(brought, f"_{layer.base}" if layer.base else layer.tag))
        self.layers.append(
            Layer(
                name=layer.called,
                type=layer.type,
                inputs=tuple(inputs),
                output=output,
                tensors=tuple(brought),
                activation=layer.activation.entry.name if layer.activation else "identity",
                source=layer.part.entry.source,
            )
        )

    # ---- what stands after the layers ------------------------------------------------------------

    def output(self, nodes: Sequence[Node | None]) -> int:
        """The position of the layer whose output is the network's."""
        wanted = self.spec.output
        if wanted is None:
            return len(nodes) - 1
        by_name = {name: k for k, node in enumerate(nodes) if node for name in node.names}
        if wanted not in by_name and None not in nodes:
            self.problems.append(
                f"output: unknown layer '{shorten(wanted)}'"
                f"{meant(wanted, by_name) or '; known: ' + ', '.join(by_name)}"
            )
        return by_name.get(wanted, -1)

    def named(self, nodes: Sequence[Node | None]) -> dict[str, str]:
        """The tensors that a loss may use, by the names of inputs and layers."""
        result = {x: x for x in self.spec.inputs}
        for k, tensor in self.outputs.items():
            node = nodes[k]
            result.update(dict.fromkeys(node.names if node else (), tensor))
        return result
