"""The model cards of the weights that this project publishes, written from the manifest.

Hub front matter and Markdown: one card for each net, and one for the repository that holds them all.
"""

from collections.abc import Sequence

from huggingface_hub import ModelCard, ModelCardData

from weights import Card, File, Weights

TAGS = ["classic-nets", "education", "safetensors"]
MNIST = "ylecun/mnist"  # the one data set of ours that its author keeps on the Hub

CARD = """
# {title}

{card.net}

| file | size | sha256 | licence |
| --- | --- | --- | --- |
| [`{file.path}`]({file.path}) | {megabytes} | `{file.sha256}` | {weights.licence} |

## How it was trained

Trained {weights.trained}. Anew:

```sh
{card.recipe}
```

## On what, and whose that is

{card.data}

## Figures

{card.measured}

{figures}

`{card.recipe} --evaluate` prints them.

## Limits

{card.limits}

## How to load it

Where Classic Nets is, which checks every byte first:

```python
import weights
from weights.manifest import {constant}

tensors = weights.load({constant}).tensors
```

With safetensors alone:

```python
from huggingface_hub import hf_hub_download
from safetensors.torch import load_file

tensors = load_file(hf_hub_download("{repo}", "{file.path}"))
```

Floats are float16: compute with them in float32.
"""

README = """
# Classic Nets: the weights

Small nets that redo the experiments of famous papers, for lectures. Each was trained by the project Classic Nets, whose
app shows what they do, and each has a card of its own: how it was trained and on what, what was measured, and where it
fails. Nothing here is for use on people, or where an error costs anything.

| card | what it is | file | size | licence |
| --- | --- | --- | --- | --- |
{rows}

`hf_hub_download("{repo}", "capsnet.safetensors")` fetches one of them; its card says how to load it. The licence is in
[LICENSE](LICENSE); what others gave is named, with their terms, on each card.
"""


def card_of(weights: Weights, repo: str) -> str:
    """One net's model card, for a repository on the Hub.

    Raises:
        ValueError: if the record has no card, or no embedded file.
    """
    card, file = card_and_file(weights)
    text = CARD.format(
        title=weights.name.replace("_", " "),
        constant=weights.name.upper(),
        megabytes=f"{file.size / 1e6:.1f} MB",
        figures=table(weights),
        weights=weights,
        card=card,
        file=file,
        repo=repo,
    )
    return with_front_matter(text, [weights], pipeline_tag=card.task)


def readme_of(listed: Sequence[Weights], repo: str) -> str:
    """The model card of the repository that holds them all."""
    return with_front_matter(README.format(rows="\n".join(map(row, listed)), repo=repo), listed)


def row(weights: Weights) -> str:
    """One net's line in the repository's card."""
    card, file = card_and_file(weights)
    name = f"[{weights.name}]({weights.name}.md)"
    return f"| {name} | {card.net} | `{file.path}` | {file.size / 1e6:.1f} MB | {weights.licence} |"


def table(weights: Weights) -> str:
    """The manifest's figures, by the names that the recipe prints."""
    rows = [f"| `{name}` | {figure:g} |" for name, figure in weights.figures.items()]
    return "\n".join(["| figure | |", "| --- | --- |", *rows])


def with_front_matter(text: str, listed: Sequence[Weights], pipeline_tag: str | None = None) -> str:
    """A card as the Hub reads it: what its search knows in front, then the text.

    Raises:
        ValueError: if the licences differ.
    """
    [licence] = {weights.licence.lower() for weights in listed}  # the Hub's word for MIT is mit
    on_mnist = any("MNIST" in weights.trained for weights in listed)
    told = ModelCardData(license=licence, pipeline_tag=pipeline_tag, tags=TAGS, datasets=[MNIST] if on_mnist else None)
    return str(ModelCard(f"---\n{told.to_yaml()}\n---\n{text}"))


def card_and_file(weights: Weights) -> tuple[Card, File]:
    """What a record must have to be published."""
    if not weights.card or not weights.embedded:
        raise ValueError(f"{weights.name} must have a card and an embedded file to be published")
    return weights.card, weights.embedded
