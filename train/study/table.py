"""The tables of a study as Markdown, for the pages of the models."""

from collections.abc import Sequence

from crackscan.train.study.frontier import VARIANTS, best_so_far
from crackscan.train.study.judge import RECALL
from crackscan.train.study.materials import Size
from crackscan.train.study.runs import Result


def frontier_page(rows: Sequence[Result], size: Size, seed: int, command: str) -> str:
    """The frontier's table; `rows` are cheapest first."""
    best = {row["name"] for row in best_so_far(rows, "photographs_auroc")}
    lines = [
        "# Frontier: what a network costs and what it finds",
        "",
        f"Each network learned from the same {size.examples:,} examples of {size.size_px} px"
        f" (seed {seed}, one pass)"
        + (
            f", but those marked *taught* from a teacher's word on {size.taught:,}"
            f" ({size.passes} passes)"
            if any(row["taught"] for row in rows)
            else ""
        )
        + ", and was judged as int8 after the last of them; nothing was"
        " chosen by the figures. So they compare with each other, and are lower than those of"
        " the shipped models, which learn for longer. Made by:",
        "",
        f"    {command}",
        "",
        "![Cost against AUROC](frontier.svg)",
        "",
        "| network | what it is | starts from | sees, px | parameters | file, kB | MMAC a frame"
        " | cost | photographs AUROC | F1 | renderings AUROC | look-alike alarms"
        " | close-ups AUROC |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cost = row["cost"]
        low, mid, high = (cost["invocations"][at] for at in ("low", "median", "high"))
        name = f"**{row['name']}**" if row["name"] in best else row["name"]
        lines.append(
            f"| {name} | {VARIANTS[row['name']]} |"
            f" {row['start']}{', taught' * row['taught']} | {row['sees_px']} |"
            f" {row['parameters']:,} | {cost['bytes'] / 1000:,.0f} | {cost['macs'] / 1e6:,.0f} |"
            f" {mid:.2f} ({low:.2f}–{high:.2f}) | {row['photographs_auroc']:.4f} |"
            f" {row['photographs_f1']:.3f} | {row['rendered_auroc']:.4f} |"
            f" {row['look_alike_alarms']:.1%} | {row['close_ups_auroc']:.5f} |"
        )
    lines += [
        "",
        "**Bold**: nothing cheaper ranks the photographs better. *Cost*: a whole 640x480 frame in"
        " invocations of MobileNetV2 on one 224 px patch, int8 both, one thread, in alternation;"
        f" median and quartiles; {rows[0]['core']}, {rows[0]['runtime']}. *Photographs*:"
        " DeepCrack development patches of 128 px; F1 at its best threshold. *Renderings*: of"
        f" other seeds; alarms at the threshold that finds {RECALL:.0%} of the cracked photograph"
        " patches. *Close-ups*: METU, validation side.",
        "",
    ]
    return "\n".join(lines)


def ablation_page(rows: Sequence[Sequence[Result]], size: Size, backbone: str, command: str) -> str:
    """The ablation's table; each row holds the results of one stage, one a seed."""
    lines = [
        "# Ablation: what each kind of training data brings",
        "",
        f"One network ({backbone}), {size.examples:,} examples of {size.size_px} px for each line,"
        f" {len(rows[0])} seed{'s' if len(rows[0]) > 1 else ''}; each line has what the ones above"
        " it have and one thing more. Float, judged after the last example; nothing was chosen by"
        " the figures. Made by:",
        "",
        f"    {command}",
        "",
        "![Ranking and alarms, line by line](ablation.svg)",
        "",
        "| trained on | own validation AUROC | photographs AUROC | F1 | renderings AUROC"
        " | look-alike alarms | field alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for runs in rows:
        field = (
            "trained on" if runs[0]["field_seen"] else _format_figure(runs, "field_alarms", ".1%")
        )
        lines.append(
            f"| {runs[0]['stage']} | {_format_figure(runs, 'own_auroc', '.5f')} |"
            f" {_format_figure(runs, 'photographs_auroc', '.4f')} |"
            f" {_format_figure(runs, 'photographs_f1', '.3f')} |"
            f" {_format_figure(runs, 'rendered_auroc', '.4f')} |"
            f" {_format_figure(runs, 'look_alike_alarms', '.1%')} |"
            f" {field} |"
        )
    lines += [
        "",
        "Mean of the seeds, and how far they lie from it at most. *Own validation*: METU"
        " patches that the line's own split kept back; in the first line copies of them were"
        " trained on. *Photographs*: DeepCrack development patches of 128 px; F1 at its best"
        " threshold. *Alarms*: crack-free renderings, all with look-alikes, and crack-free"
        f" patches of the field photographs, at the threshold that finds {RECALL:.0%} of the"
        " cracked photograph patches.",
        "",
    ]
    return "\n".join(lines)


def _format_figure(runs: Sequence[Result], figure: str, form: str) -> str:
    values = [float(run[figure]) for run in runs]
    mean = sum(values) / len(values)
    if len(values) == 1:
        return format(mean, form)
    return f"{mean:{form}} ± {max(abs(value - mean) for value in values):{form}}"
