import pytest
import wandb
from fake_wandb import KEY, FakeWandb


@pytest.fixture
def server(monkeypatch, request):
    """A W&B on this machine, and a key for it; W&B's library keeps the address for as long as its own process lives."""
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    wandb.teardown()
    with FakeWandb(refuses=getattr(request, "param", False)) as fake:
        monkeypatch.setenv("WANDB_BASE_URL", fake.address)
        yield fake
        wandb.teardown()
