"""SQL on RDDs and streams: the same names as `pyspark.sql`, evaluated by DuckDB.

An action of a DataFrame runs jobs of the cluster for the records it reads; the query itself is evaluated on the driver,
where Spark would run it as stages of the cluster. Needs `pip install 'sparksim[sql]'`; importing this loads none of it.
"""

from sparksim.sql.column import Column
from sparksim.sql.frame import DataFrame
from sparksim.sql.grouped import GroupedData
from sparksim.sql.reader import DataFrameReader
from sparksim.sql.row import Row
from sparksim.sql.session import SparkSession
from sparksim.sql.writer import DataFrameWriter

__all__ = ["Column", "DataFrame", "DataFrameReader", "DataFrameWriter", "GroupedData", "Row", "SparkSession"]
