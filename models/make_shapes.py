"""Makes ``shapes.onnx``: trains it on pictures it draws, measures it as a file, and draws its sample pictures.

Needs the extra ``train`` and some minutes on two cores.
"""

from __future__ import annotations

import numpy as np
import torch
from draw_shapes import CLASSES, TEST_SEEDS, TRAIN_SEEDS, VALIDATION_SEEDS, draw, label_of
from measure import accuracy
from numpy.typing import NDArray
from onnx_file import SAMPLES, Chain, save
from PIL import Image
from torch import nn

KERNELS = (12, 24, 32)  # per stage: convolution, ReLU, pooling
SIZE = 32
EPOCHS = 30
BATCH = 128
SAMPLE_SIZE = 96
SAMPLE_SEEDS = TEST_SEEDS[40 : 40 + len(CLASSES)]


class Shapes(nn.Module):
    """The network while it learns. Batch normalization helps it to; the file has it folded into the kernels."""

    def __init__(self) -> None:
        super().__init__()
        channels = (3, *KERNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(channels, KERNELS, strict=False)
        )
        self.normalizations = nn.ModuleList(nn.BatchNorm2d(b) for b in KERNELS)
        self.dense = nn.Linear(KERNELS[-1] * (SIZE >> len(KERNELS)) ** 2, len(CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of pictures ``(N, 3, 32, 32)`` in 0..1."""
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            x = nn.functional.max_pool2d(torch.relu(normalization(convolution(x))), 2)
        return self.dense(nn.functional.dropout(x.flatten(1), 0.2, self.training))


def pictures(seeds: range) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw the pictures of those seeds: ``(N, 3, 32, 32)`` uint8, and their classes ``(N,)``."""
    images = np.stack([draw(seed) for seed in seeds]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(images)), torch.tensor([label_of(seed) for seed in seeds])


def train() -> Shapes:
    """Learn from the training seeds; the validation seeds are only printed."""
    torch.manual_seed(7)
    images, labels = pictures(TRAIN_SEEDS)
    held_images, held_labels = pictures(VALIDATION_SEEDS)
    network = Shapes()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    for epoch in range(EPOCHS):
        network.train()
        for batch in torch.randperm(len(images))[: len(images) // BATCH * BATCH].split(BATCH):
            loss = nn.functional.cross_entropy(network(_turned(images[batch]).float() / 255), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        network.eval()
        with torch.inference_mode():
            right = (network(held_images.float() / 255).argmax(1) == held_labels).float().mean().item()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}, right on the validation seeds {right:.2%}", flush=True)
    return network


def _turned(images: torch.Tensor) -> torch.Tensor:
    """Mirror a batch at random, and shuffle its colours: a shape stays that shape."""
    images = images[:, torch.randperm(3)]
    images = images.flip(2) if torch.rand(()) < 0.5 else images
    return images.flip(3) if torch.rand(()) < 0.5 else images


def folded(convolution: nn.Conv2d, normalization: nn.BatchNorm2d) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return kernel and bias of the convolution that does what the two do."""
    with torch.no_grad():
        factor = normalization.weight.double() / (normalization.running_var.double() + normalization.eps).sqrt()
        kernel = convolution.weight.double() * factor[:, None, None, None]
        bias = (convolution.bias.double() - normalization.running_mean.double()) * factor + normalization.bias.double()
    return kernel.float().numpy(), bias.float().numpy()


def export(network: Shapes) -> None:
    """Write the network as ONNX, ending in probabilities."""
    chain = Chain("image")
    for stage, pair in enumerate(zip(network.convolutions, network.normalizations, strict=True), start=1):
        chain.conv(f"conv{stage}", *folded(*pair), pads=[1, 1, 1, 1])
        chain.add("Relu", f"relu{stage}")
        chain.pool(f"pool{stage}")
    chain.add("Flatten", "flatten", axis=1)
    chain.dense("dense", network.dense.weight.detach().numpy(), network.dense.bias.detach().numpy())
    chain.add("Softmax", "softmax", axis=1)
    save(
        "shapes",
        chain,
        (1, 3, SIZE, SIZE),
        "probabilities",
        (1, len(CLASSES)),
        f"Tells {', '.join(CLASSES[:-1])} and {CLASSES[-1]} apart in a picture of 32 x 32 pixels.",
    )


def make_samples() -> None:
    """Draw one picture of each class, from the test seeds."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for seed in SAMPLE_SEEDS:
        path = SAMPLES / f"shapes-{CLASSES[label_of(seed)]}.png"
        Image.fromarray(draw(seed, SAMPLE_SIZE)).save(path, optimize=True)


def make() -> None:
    """Train, export, measure."""
    export(train())
    right = accuracy("shapes", ((draw(seed), label_of(seed)) for seed in TEST_SEEDS))
    print(f"right on the {len(TEST_SEEDS):,} pictures of the test seeds: {right:.2%}")
    make_samples()


if __name__ == "__main__":
    make()
