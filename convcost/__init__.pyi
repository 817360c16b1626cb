"""The public names for type checkers and editors, which follow no lazy import."""

from convcost import formulas as formulas
from convcost import geometry as geometry
from convcost import hardware as hardware
from convcost import layers as layers
from convcost import symbols as symbols
from convcost import testing as testing
from convcost import verify as verify
from convcost._cost.convolutions import depthwise as depthwise
from convcost._cost.convolutions import pointwise as pointwise
from convcost._cost.convolutions import ratio as ratio
from convcost._cost.convolutions import separable as separable
from convcost._cost.convolutions import standard as standard
from convcost._cost.cost import Cost as Cost
from convcost._cost.explanation import Explanation as Explanation
from convcost._cost.ratio import Ratio as Ratio
from convcost._models.errors import ModelError as ModelError
from convcost._models.errors import SavedReportError as SavedReportError
from convcost._models.errors import UnknownLayerError as UnknownLayerError
from convcost._models.network import Network as Network
from convcost._models.read import from_keras as from_keras
from convcost._models.rows import Row as Row
from convcost._report.budgets import Check as Check
from convcost._report.budgets import check as check
from convcost._report.comparison import Comparison as Comparison
from convcost._report.design_plots import plot_front as plot_front
from convcost._report.design_plots import plot_ratio as plot_ratio
from convcost._report.report import Report as Report
from convcost._report.several import Models as Models
from convcost._report.summaries import compare as compare
from convcost._report.summaries import summary as summary
from convcost._sweeps.equal_costs import crossings as crossings
from convcost._sweeps.solving import solve as solve
from convcost._sweeps.space import Space as Space
from convcost._sweeps.space import sweep as sweep

__version__: str
