from crackscan.edge.detection.finding import Finding as Finding
from crackscan.edge.inference.model import Model as Model
from crackscan.edge.pipelines.photos.library import detect as detect

__version__: str
__all__ = ["Finding", "Model", "__version__", "detect"]
