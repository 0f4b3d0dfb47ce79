"""Makes ``digits.onnx``: trains it on the handwritten digits that scikit-learn ships, and measures it as a file.

Needs the extra ``train`` and a few minutes on two cores. ``--validate`` leaves the held-out fifth alone: it trains on
four fifths of the rest and measures on its last fifth, which is how the settings below were chosen.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from digits_data import Digits, enlarged, load, split
from measure import accuracy
from onnx_file import SAMPLES, Chain, save
from PIL import Image
from torch import nn

SIZE = 32  # pixels, height and width of the input
KERNELS = (8, 16, 32)  # per stage: convolution, ReLU, pooling
HIDDEN = 64
EPOCHS = 60
BATCH = 64
SAMPLE_SIZE = 256
SAMPLES_CHOSEN = {0: 6, 2: 6, 3: 8, 4: 0, 5: 6, 8: 0}  # digit: which of its kind among the held-out, for good looks


class Network(nn.Module):
    """Three stages of convolution, ReLU and pooling, then two fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip((1, *KERNELS), KERNELS, strict=False)
        )
        self.hidden = nn.Linear(KERNELS[-1] * (SIZE >> len(KERNELS)) ** 2, HIDDEN)
        self.dense = nn.Linear(HIDDEN, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of pictures ``(N, 1, 32, 32)`` in 0..1."""
        for convolution in self.convolutions:
            x = nn.functional.max_pool2d(torch.relu(convolution(x)), 2)
        x = nn.functional.dropout(x.flatten(1), 0.3, self.training)
        x = torch.relu(self.hidden(x))
        return self.dense(nn.functional.dropout(x, 0.3, self.training))


def train(digits: Digits) -> Network:
    """Learn those digits and nothing else, slightly moved, turned and scaled each time they are seen."""
    torch.manual_seed(7)
    images, labels = digits
    # As the program enlarges an 8 x 8 picture, and as one that was enlarged before arrives.
    direct = [enlarged(image, SIZE, Image.Resampling.BILINEAR) for image in images]
    smooth = [
        np.asarray(Image.fromarray(enlarged(image, SAMPLE_SIZE, Image.Resampling.BICUBIC)).resize((SIZE, SIZE)))
        for image in images
    ]
    tensors = torch.from_numpy(np.stack(direct + smooth))[:, None].float() / 255
    targets = torch.from_numpy(np.concatenate([labels, labels]))
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = EPOCHS * (len(tensors) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.004, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(tensors))[: len(tensors) // BATCH * BATCH].split(BATCH):
            loss = nn.functional.cross_entropy(network(_moved(tensors[batch])), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: mean loss {total * BATCH / len(tensors):.4f}", flush=True)
    return network.eval()


def _moved(images: torch.Tensor) -> torch.Tensor:
    """Turn up to 10 degrees, scale 0.9 to 1.1, slant and shift up to a tenth, each picture its own way."""
    count = len(images)
    angle = (torch.rand(count) - 0.5) * (np.pi / 9)
    scale = 0.9 + 0.2 * torch.rand(count)
    slant = (torch.rand(count) - 0.5) * 0.2
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = angle.cos() * scale, slant - angle.sin() * scale
    matrix[:, 1, 0], matrix[:, 1, 1] = angle.sin() * scale, angle.cos() * scale
    matrix[:, :, 2] = (torch.rand(count, 2) - 0.5) * 0.2
    grid = nn.functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def export(network: Network) -> None:
    """Write the network as ONNX, ending in logits."""
    chain = Chain("image")
    for stage, convolution in enumerate(network.convolutions, start=1):
        weights = (convolution.weight, convolution.bias)
        chain.conv(f"conv{stage}", *(each.detach().numpy() for each in weights), pads=[1, 1, 1, 1])
        chain.add("Relu", f"relu{stage}")
        chain.pool(f"pool{stage}")
    chain.add("Flatten", "flatten", axis=1)
    chain.dense("hidden", network.hidden.weight.detach().numpy(), network.hidden.bias.detach().numpy())
    chain.add("Relu", "relu_hidden")
    chain.dense("dense", network.dense.weight.detach().numpy(), network.dense.bias.detach().numpy())
    description = "Tells handwritten digits apart, white on black, 32 x 32 pixels; ends in logits."
    save("digits", chain, (1, 1, SIZE, SIZE), "logits", (1, 10), description)


def make_samples(held: Digits) -> None:
    """Enlarge some held-out digits."""
    images, labels = held
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for digit, place in SAMPLES_CHOSEN.items():
        image = images[np.flatnonzero(labels == digit)[place]]
        large = Image.fromarray(enlarged(image, SAMPLE_SIZE, Image.Resampling.BICUBIC))
        large.save(SAMPLES / f"digits-{digit}.png", optimize=True)


def report(held: Digits) -> None:
    """Measure the file on digits it has not learned."""
    images, labels = held
    enlargements = [enlarged(image, SAMPLE_SIZE, Image.Resampling.BICUBIC) for image in images]
    for what, pictures in (("8 x 8 pixels", images), (f"enlarged to {SAMPLE_SIZE} x {SAMPLE_SIZE}", enlargements)):
        right = accuracy("digits", zip(pictures, labels, strict=True))
        print(f"right on {len(labels)} held-out digits, {what}: {right:.2%} ({round(right * len(labels))})")


def make(validate: bool) -> None:
    """Train, export, measure."""
    learned, held = split(load())
    if validate:
        learned, held = split(learned)
    export(train(learned))
    report(held)
    if not validate:
        make_samples(held)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate", action="store_true", help="measure on a part of the four fifths instead")
    make(parser.parse_args().validate)
