"""Times one optimiser step of 128 segments: this trainer against the same network in PyTorch (float32, channels last).

Rounds of both alternate in one run, so that other load on the machine affects both equally.

    cargo build --release --workspace --features soundalike-trainer/tch      # with LIBTORCH_USE_PYTORCH=1
    python trainer/compare_with_pytorch.py target/release/soundalike-trainer --device tch
"""

import argparse
import os
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F


class Encoder(nn.Module):
    """The network of src/recording/encoder/config.rs."""

    def __init__(self, channels=(16, 32, 64, 96, 128), reduced=64, embedding=128):
        super().__init__()
        c1, c2, c3, c4, c5 = channels
        layers = [(1, c1, 5, 2), (c1, c2, 3, 2), (c2, c3, 3, 2), (c3, c4, 3, 2), (c4, c5, 3, 1), (c5, reduced, 1, 1)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, s, k // 2, bias=False) for i, o, k, s in layers)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o, _, _ in layers)
        self.projection = nn.Linear(2 * reduced * 8, embedding)
        self.embedding_norm = nn.BatchNorm1d(embedding)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.relu(norm(conv(x)))
        pooled = torch.cat([x.mean(3), x.amax(3)], 1).flatten(1)
        return F.normalize(self.embedding_norm(self.projection(pooled)))


class Head(nn.Module):
    """The network of src/recording/encoder/head.rs."""

    def __init__(self, embedding=128):
        super().__init__()
        self.raw_weights = nn.Parameter(torch.full((embedding,), -2.5))
        self.bias = nn.Parameter(torch.full((1,), 6.0))

    def forward(self, a, b):
        difference = (a[:, None] - b[None, :]).abs() * a.shape[1] ** 0.5
        return self.bias - difference @ F.softplus(self.raw_weights)


def pytorch_steps(count, pairs=64):
    """Seconds of `count` steps: contrast and verdict as in trainer/src/training/loss.rs, AdamW."""
    encoder, head = Encoder().to(memory_format=torch.channels_last), Head()
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=3e-3, weight_decay=0.02)
    identity, others = torch.eye(pairs), 1 - torch.eye(pairs)
    targets = torch.arange(pairs)
    seconds = []
    for _ in range(count):
        frames = torch.randn(2 * pairs, 1, 128, 130).contiguous(memory_format=torch.channels_last)
        began = time.perf_counter()
        optimizer.zero_grad()
        embeddings = encoder(frames)
        a, b = embeddings[:pairs], embeddings[pairs:]
        own = (others + 1e-12).log()
        contrast = sum(
            F.cross_entropy(torch.cat([x @ y.T / 0.1, x @ x.T / 0.1 + own], 1), targets) for x, y in [(a, b), (b, a)]
        )
        logits = head(a, b)
        verdict = (F.softplus(-logits) * identity).sum() / pairs + (F.softplus(logits) * others).sum() / others.sum()
        (contrast / 2 + verdict / 2).backward()
        for parameter in [*encoder.parameters(), *head.parameters()]:
            nn.utils.clip_grad_norm_(parameter, 5.0)
        optimizer.step()
        seconds.append(time.perf_counter() - began)
    return seconds


def trainer_steps(command, count):
    """Seconds of `count` steps of this trainer."""
    printed = subprocess.run([*command, "--steps", str(count)], check=True, capture_output=True, text=True).stdout
    return [float(line) for line in printed.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainer")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--config")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    command = [args.trainer, "time-step", "--device", args.device]
    if args.config:
        command += ["--config", args.config]
    ours, pytorchs = [], []
    for _ in range(args.rounds):
        # The first two steps of each warm caches and allocators.
        ours += trainer_steps(command, args.steps + 2)[2:]
        pytorchs += pytorch_steps(args.steps + 2)[2:]
    ours, pytorchs = statistics.median(ours), statistics.median(pytorchs)
    print(f"this trainer, {args.device}: {ours:.3f} s a step")
    print(f"PyTorch {torch.__version__}, float32, channels last: {pytorchs:.3f} s a step")
    print(f"speed relative to PyTorch: {pytorchs / ours:.2f}")


if __name__ == "__main__":
    main()
