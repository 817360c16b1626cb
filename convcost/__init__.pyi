"""The public names for type checkers and editors, which follow no lazy import."""

from convcost import formulas as formulas
from convcost import geometry as geometry
from convcost import hardware as hardware
from convcost import layers as layers
from convcost import symbols as symbols
from convcost import verify as verify
from convcost.cost.convolutions import depthwise as depthwise
from convcost.cost.convolutions import pointwise as pointwise
from convcost.cost.convolutions import ratio as ratio
from convcost.cost.convolutions import separable as separable
from convcost.cost.convolutions import standard as standard
from convcost.cost.cost import Cost as Cost
from convcost.cost.ratio import Ratio as Ratio
from convcost.models.errors import ModelError as ModelError
from convcost.models.errors import UnknownLayerError as UnknownLayerError
from convcost.models.network import Network as Network
from convcost.models.read import from_keras as from_keras
from convcost.report.design_plots import plot_front as plot_front
from convcost.report.design_plots import plot_ratio as plot_ratio
from convcost.report.summaries import compare as compare
from convcost.report.summaries import summary as summary
from convcost.sweeps.solving import crossings as crossings
from convcost.sweeps.solving import solve as solve
from convcost.sweeps.space import Space as Space
from convcost.sweeps.space import sweep as sweep

__version__: str
