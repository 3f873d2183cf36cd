"""The demo companies, made before their files are read."""

from collections.abc import Sequence

import dagster as dg

from orchestration.console import progress
from orchestration.resources import Writer
from orchestration.settings import DemoSettings, Settings


def demo_key(demo: DemoSettings) -> dg.AssetKey:
    """The asset of a demo company."""
    return dg.AssetKey(["demo", demo.name])


def demo_assets(settings: Settings) -> Sequence[dg.AssetsDefinition]:
    """One asset per demo company of the configuration."""
    return [_demo_asset(demo) for demo in settings.demos]


def _demo_asset(demo: DemoSettings) -> dg.AssetsDefinition:
    @dg.asset(
        key=demo_key(demo),
        group_name="demo",
        kinds={"python"},
        owners=["team:data-engineering"],
        description=(
            "The files of an invented company, as its CRM, shop and service desk would send them, "
            "and the truth about them beside. Made once for a size and a seed."
        ),
    )
    def demo_company(context: dg.AssetExecutionContext, writer: Writer) -> dg.MaterializeResult:
        from orchestration.demo import generate

        mark = demo.directory / f".made-{demo.customers}-{demo.seed}"
        if not mark.exists():
            progress().info(f"Making the demo company: {demo.customers:,} customers, seed {demo.seed}.")
            generate(demo.directory, customers=demo.customers, seed=demo.seed)
            mark.touch()
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(str(demo.directory)),
                "customers": demo.customers,
                "seed": demo.seed,
            }
        )

    return demo_company
