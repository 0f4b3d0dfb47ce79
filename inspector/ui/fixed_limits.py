"""Limits that were chosen as numbers: how long they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.ui.session import View

_OTHER_NUMBERS = ("layer", "codes")  # when one of these changes, limits of before say nothing


def carried_on(view: View, changes: Mapping[str, Any], is_new: bool = False) -> View:
    """Return a view with these changes.

    Chosen limits end where a scaling is chosen. Where other numbers are shown, another layer's, codes, a difference,
    they end too, unless they are locked.

    Args:
        view: The last one.
        changes: Attributes of ``View``, and their values.
        is_new: Another model is shown: its layers are other ones, whatever they are called.
    """
    changed = replace(view, **changes)
    if "limits" in changes:
        return changed
    if "scaling" in changes:
        return replace(changed, limits=None, is_locked=False)
    is_other = is_new or any(getattr(view, name) != getattr(changed, name) for name in _OTHER_NUMBERS)
    is_other = is_other or (view.compare == "difference") != (changed.compare == "difference")
    return replace(changed, limits=None) if is_other and not changed.is_locked else changed
