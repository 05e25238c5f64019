"""Which rules each version of Spark has, in the order they are asked: the first that fails is the answer.

The rules of Spark 2.3 are those of the table of the course. What came later is refused as unknown to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sparksim.sql.streaming.legality import join_rules, mode_rules, operator_rules, state_rules
from sparksim.sql.streaming.legality.refusal import Rule


@dataclass(frozen=True)
class Rules:
    """`query` is asked first, about the query as a whole; then `operators`, node by node from below; then `chains`."""

    query: tuple[Rule, ...]
    operators: tuple[Rule, ...]
    chains: tuple[Rule, ...] = ()
    names_conditions: bool = True


CURRENT = Rules(
    query=(
        mode_rules.needs_a_stream,
        state_rules.several_functions_append,
        mode_rules.append_needs_a_marked_key,
        mode_rules.sessions_have_no_update,
        mode_rules.complete_needs_an_aggregation,
    ),
    operators=(
        operator_rules.no_distinct_aggregates,
        state_rules.maps_in_update_mode,
        state_rules.function_fits_the_query,
        state_rules.event_timeouts_need_a_watermark,
        operator_rules.within_needs_a_watermark,
        join_rules.joins_of_streams("inner", "cross", "left", "right", "full", "semi"),
        join_rules.join_modes(inner="append update", cross="append update", semi="append update"),
        join_rules.rows_can_be_decided,
        join_rules.static_side_is_not_decided,
        operator_rules.no_union_with_a_table,
        operator_rules.no_stream_to_except,
        operator_rules.no_intersection(how_many=1),
        operator_rules.no_limit_in("update"),
        operator_rules.sorts_only_whole_results,
        operator_rules.no_window_functions,
        operator_rules.no_running_numbers,
        operator_rules.batch_only,
    ),
    chains=(mode_rules.chain_stays_correct,),
)

SPARK_2_3 = Rules(
    query=(
        mode_rules.needs_a_stream,
        mode_rules.not_yet,
        state_rules.several_functions_append,
        mode_rules.one_aggregation,
        mode_rules.append_needs_a_marked_key,
        mode_rules.complete_needs_an_aggregation,
    ),
    operators=(
        operator_rules.no_distinct_aggregates,
        state_rules.maps_in_update_mode,
        state_rules.function_fits_the_query,
        state_rules.event_timeouts_need_a_watermark,
        operator_rules.no_deduplication_of_groups,
        join_rules.joins_of_streams("inner", "cross", "left", "right"),
        join_rules.join_modes(),
        join_rules.rows_can_be_decided,
        join_rules.static_side_is_not_decided,
        operator_rules.no_union_with_a_table,
        operator_rules.no_stream_to_except,
        operator_rules.no_intersection(how_many=2),
        operator_rules.no_limit_in("append", "update", "complete"),
        operator_rules.sorts_only_whole_results,
        operator_rules.no_window_functions,
        operator_rules.no_running_numbers,
        operator_rules.batch_only,
    ),
    names_conditions=False,
)

RULES: Mapping[str, Rules] = {"current": CURRENT, "2.3": SPARK_2_3}
"""By the values of the setting `spark.sparksim.sql.rules`."""
