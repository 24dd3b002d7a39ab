"""The paper's network on made-up images by PyTorch: as mnist_jax.py.

    python mnist_torch.py THREADS STEPS     at batch 256
"""
import sys
import time

import torch
import torch.nn.functional as F

THREADS, STEPS = int(sys.argv[1]), int(sys.argv[2])
BATCH, ROWS = 256, 50_000
SHAPES = [(32, 1, 5, 5), (32,), (32, 32, 5, 5), (32,), (64, 4 * 4 * 32), (64,), (10, 64), (10,)]


def forward(p, x):
    h = F.max_pool2d(torch.tanh(F.conv2d(x, p[0], p[1])), 2)
    h = F.max_pool2d(torch.tanh(F.conv2d(h, p[2], p[3])), 2)
    h = torch.tanh(F.linear(h.flatten(1), p[4], p[5]))
    return F.linear(h, p[6], p[7])


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    x, y = torch.rand(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
    mu = [(0.1 * torch.randn(s)).requires_grad_() for s in SHAPES]
    rho = [torch.full(s, -3.0).requires_grad_() for s in SHAPES]
    adam = torch.optim.Adam(mu + rho, lr=0.001, fused=True)

    def step():
        adam.zero_grad()
        draw = [m + r.exp() * torch.randn_like(m) for m, r in zip(mu, rho)]
        fit = F.cross_entropy(forward(draw, x), y) * ROWS
        kl = sum((0.5 * ((2 * r).exp() + m * m - 1) - r).sum() for m, r in zip(mu, rho))
        (fit + kl).backward()
        adam.step()

    step()
    begun = time.perf_counter()
    for _ in range(STEPS):
        step()
    print(f"s_per_epoch={(time.perf_counter() - begun) / STEPS * ROWS / BATCH:.2f}")


main()
