"""Draw a search on one page that opens anywhere: its history, what mattered, and the front of the best compromises."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from distill.base.disk import replacing
from distill.report import templates
from distill.searching import results
from distill.searching.results import Found
from distill.searching.study import MAXIMIZE

_FEWEST = 4
"""Finished trials from which on it can be said what mattered."""
_LAYOUT: dict[str, Any] = {
    "template": "plotly_white",
    "title": None,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#646b75"},
    "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    "height": 360,
}
_DECADES = 100
"""From that many times the least value on, a logarithmic axis has a number for each power of ten alone."""


class Picture(NamedTuple):
    """A picture with its title, and a sentence on how to read it."""

    title: str
    note: str
    html: str


def write(found: Found, commands: list[str], path: Path) -> None:
    """Write the page, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as hidden:
        hidden.write_text(render(found, commands), encoding="utf-8")


def render(found: Found, commands: list[str]) -> str:
    """Return the page as HTML, with the library that draws it inside."""
    keys = list(found.space)
    chosen = {each.number for each in found.best}
    rows = [
        {
            "number": each.number,
            "best": each.number in chosen,
            "values": results.shown(found.metric, found.goal.names, each.values if results.finished(each) else None),
            "settings": [results.value_text(each.params.get(key)) for key in keys],
            "outcome": results.outcome(each),
        }
        for each in found.trials
    ]
    return (
        templates.environment("searching")
        .get_template("search.html")
        .render(
            title=found.name,
            sentence=results.sentence(found),
            heads=[*results.heads(found)],
            keys=keys,
            spaces=[found.space[key].as_text() for key in keys],
            rows=rows,
            commands=commands,
            pictures=list(_pictures(found)),
            plotly=get_plotlyjs(),
        )
    )


def _pictures(found: Found) -> Iterator[Picture]:
    """Yield the pictures that the finished trials are enough for."""
    finished, draw = found.of_outcome("finished"), optuna.visualization
    if not finished:
        return
    heads = results.heads(found)
    for place, head in enumerate(heads):
        figure = draw.plot_optimization_history(found.study, target=_target(found, place), target_name=head)
        yield Picture(f"History: {head}", "Each trial that finished, in their order.", _html(figure))
    if len(finished) >= _FEWEST and len(found.space) > 1 and len({each.values[0] for each in finished}) > 1:
        yield _importance(found, heads[0])
    if len(heads) > 1:
        front = draw.plot_pareto_front(found.study, target_names=heads)
        note = "No trial is better in everything than those of the front, which are red; the darker, the later."
        yield Picture("Pareto front", note, _html(front))
    for key in found.space:
        figure = draw.plot_slice(found.study, params=[key], target=_target(found, 0), target_name=heads[0])
        _few_numbers(figure, [each.params[key] for each in finished if key in each.params])
        yield Picture(f"{heads[0]} by {key}", "The same trials; the darker, the later.", _html(figure))
    if found.of_outcome("pruned"):
        figure = draw.plot_intermediate_values(found.study)
        figure.update_xaxes(title="epoch")
        figure.update_yaxes(title="watched metric")
        yield Picture("Validation", "The watched metric of each trial by epoch; pruned ones end early.", _html(figure))


def _importance(found: Found, head: str) -> Picture:
    """Return how much each setting has to do with the score."""
    target = None
    if len(found.goal.names) > 1:  # of a target, Optuna takes the less for the better
        target = _signed(-1 if found.goal.directions[0] == MAXIMIZE else 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # which says so each time
        figure = optuna.visualization.plot_param_importances(found.study, target=target, target_name=head)
    most = max(bar for trace in figure.data for bar in trace.x)
    figure.update_xaxes(title=None, range=[0, 1.2 * most])  # with room for the number beside the longest bar
    figure.update_yaxes(title=None)
    note = "How much of what tells good trials from the others goes with each setting; of few trials it says little."
    return Picture(f"Importance for {head}", note, _html(figure))


def _few_numbers(figure: Figure, values: list[Any]) -> None:
    """Write only powers of ten below a logarithmic axis that has several of them."""
    figure.update_xaxes(exponentformat="e")
    if figure.layout.xaxis.type == "log" and max(values) >= _DECADES * min(values):
        figure.update_xaxes(dtick=1)


def _target(found: Found, place: int) -> Callable[[FrozenTrial], float] | None:
    """Return what gives the value of one of several objectives; none for the only one, which Optuna finds itself."""
    return None if len(found.goal.names) == 1 else lambda trial: float(trial.values[place])


def _signed(sign: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: sign * float(trial.values[0])


def _html(figure: Figure) -> str:
    """Return a figure without the library, which the page holds once."""
    figure.update_layout(**_LAYOUT)
    figure.update_traces(marker_showscale=False, selector={"type": "scatter"})  # the scales take half of a phone
    return str(
        figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True})
    )
