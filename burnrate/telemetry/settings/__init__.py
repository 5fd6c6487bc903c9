"""What a service may choose of its telemetry: by a variable, or by an argument of `instrument`.

`TelemetrySettings` has them all, `Options` those that `instrument` takes, which `settled` puts in
the settings' place. `Paths` are those of requests that an option is about.
"""

from burnrate.telemetry.settings.options import Options, settled
from burnrate.telemetry.settings.paths import Paths
from burnrate.telemetry.settings.settings import TelemetrySettings

__all__ = ["Options", "Paths", "TelemetrySettings", "settled"]
