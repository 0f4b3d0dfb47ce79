"""The table of layer kinds is whole: every row is used, none contradicts another."""

from __future__ import annotations

import onnx.defs
import pytest

from inspector.graph import kinds
from inspector.graph.fields.rules import RULES

OP_TYPES = [op_type for kind in kinds.KINDS for op_type in kind.op_types]


def test_no_operator_is_in_two_kinds():
    assert len(OP_TYPES) == len(set(OP_TYPES))


def test_every_family_has_a_layer_and_every_layer_a_family():
    assert {kind.family for kind in kinds.KINDS} | {kinds.OTHER.family} == set(kinds.FAMILIES)


def test_operators_without_a_row_are_shown_as_other():
    assert kinds.kind_of("MyOwn") is kinds.OTHER
    assert kinds.kind_of("Conv", "com.acme") is kinds.OTHER
    assert kinds.kind_of("Conv", "com.microsoft.nhwc").family == "convolution"


@pytest.mark.parametrize("kind", [kind for kind in kinds.KINDS if kind.codes], ids=lambda kind: kind.op_types[0])
def test_codes_belong_to_inputs_that_have_a_role(kind):
    for index, codes in kind.codes:
        assert kind.roles[index]
        for other in (codes.scale, codes.zero_point, codes.input_scale):
            assert other is None or other >= len(kind.roles) or not kind.roles[other]


def test_the_roles_are_those_that_onnx_gives_the_inputs():
    words = {
        "Conv": {1: "W", 2: "B"},
        "ConvTranspose": {1: "W", 2: "B"},
        "QLinearConv": {3: "w", 8: "B"},
        "DeformConv": {1: "W", 3: "B"},
        "BatchNormalization": {1: "scale", 2: "B", 3: "input_mean", 4: "input_var"},
        "InstanceNormalization": {1: "scale", 2: "B"},
        "LayerNormalization": {1: "Scale", 2: "B"},
        "PRelu": {1: "slope"},
        "LSTM": {1: "W", 2: "R", 3: "B", 7: "P"},
        "GRU": {1: "W", 2: "R", 3: "B"},
        "QLinearMatMul": {0: "a", 3: "b"},
    }
    for op_type, inputs in words.items():
        schema = onnx.defs.get_schema(op_type)
        roles = kinds.kind_of(op_type).roles
        assert {index: schema.inputs[index].name for index, role in enumerate(roles) if role} == inputs, op_type


def test_every_standard_operator_that_has_a_rule_exists():
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert set(RULES) - known == {"SimplifiedLayerNormalization", "MatMulNBits"}  # ONNX Runtime's own


@pytest.mark.parametrize("op_type", OP_TYPES)
def test_every_kind_of_layer_has_a_receptive_field(op_type):
    variant = kinds.standard(op_type)
    name = op_type if variant is None else variant.op_type
    assert name in RULES or name.startswith("Skip")


def test_the_inputs_of_a_variant_are_picked_out_of_its_own():
    concat = kinds.standard("QLinearConcat", "com.microsoft")
    assert kinds.standard_inputs(concat, 11) == (2, 5, 8)
    assert kinds.standard_inputs(kinds.standard("QLinearConv"), 8) == (0, 3)
