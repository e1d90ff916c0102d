# The summary: written and printed at the end, whatever happened; and its page in Snakemake's report.

from exo2micro.engine import asks_for_report, report_when_idle
from exo2micro.progress_follower import follow_progress

end_progress = follow_progress(workflow, REQUEST, logger, WORDS)

# What `--report` takes in besides the figures. No job makes it: it tells of those that failed too.
REPORT_PAGES = []
if asks_for_report(WORDS) and workflow.is_main_process:
    from exo2micro.summary import write_report_page

    all_pairs = report(
        write_report_page(REQUEST),
        # As seen from the rule that takes it, which is `all`.
        caption="workflow/report/summary.rst",
        category="All pairs",
        labels={"figure": "summary table"},
    )
    REPORT_PAGES.append(all_pairs)


def report_summary():
    """Write summary.tsv and summary.json and print the table; nothing for `status`."""
    if "status" in WORDS:
        return
    from exo2micro.summary import summarize

    end_progress()

    logger.info(f"\n{summarize(REQUEST, sys.argv)}")
    if config.get("demo"):
        from exo2micro.demo_comparison import compare_with_truth

        logger.info(f"\n{compare_with_truth(config['demo'], REQUEST)}")


report_when_idle(workflow, logger, report_summary, WORDS)


onsuccess:
    report_summary()


onerror:
    report_summary()
