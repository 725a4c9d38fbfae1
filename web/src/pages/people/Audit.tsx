import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { get } from "../../api/client";
import type { AuditEvent } from "../../api/types";
import { Failure } from "../../components/Failure";
import { usePage } from "../../shell/page";

const A_PAGE = 25;

export function Component() {
  const [parameters, setParameters] = useSearchParams();
  const text = parameters.get("text") ?? "";
  const events = useQuery({
    queryKey: ["audit", text],
    queryFn: async () => (await get<{ Events: AuditEvent[] }>("audit", { Text: text })).Events,
    placeholderData: keepPreviousData,
  });
  const [page, setPage] = useState(1);
  usePage(["Audit log"]);
  if (fatal(events)) return <Failure error={events.error} retry={() => void events.refetch()} />;
  const found = events.data ?? [];
  return (
    <Table
      items={found.slice((page - 1) * A_PAGE, page * A_PAGE)}
      loading={events.isPending}
      loadingText="Reading the log"
      trackBy="request_id"
      wrapLines
      ariaLabels={{ tableLabel: "Audit log" }}
      empty={<Box textAlign="center">No call fits.</Box>}
      header={
        <Header
          variant="h1"
          description="Who called what, newest first: the last 500 calls that fit. The whole log is a file on the server."
          actions={<Button iconName="refresh" ariaLabel="Read again" loading={events.isFetching} onClick={() => void events.refetch()} />}
        >
          Audit log
        </Header>
      }
      pagination={
        <Pagination
          currentPageIndex={page}
          pagesCount={Math.max(1, Math.ceil(found.length / A_PAGE))}
          onChange={({ detail }) => setPage(detail.currentPageIndex)}
        />
      }
      filter={
        <TextFilter
          filteringText={text}
          filteringPlaceholder="Find a user, an operation, a name…"
          filteringAriaLabel="Find calls"
          onChange={({ detail }) => {
            setPage(1);
            setParameters(detail.filteringText ? { text: detail.filteringText } : {}, { replace: true });
          }}
        />
      }
      columnDefinitions={[
        { id: "time", header: "Time", cell: (event) => new Date(event.time).toLocaleString() },
        { id: "who", header: "User", cell: (event) => event.principal?.split("/").at(-1) ?? "–" },
        { id: "operation", header: "Operation", minWidth: 160, isRowHeader: true, cell: (event) => event.operation },
        { id: "resource", header: "On", cell: (event) => event.resource },
        {
          id: "result",
          header: "Result",
          minWidth: 220,
          cell: (event) => <StatusIndicator type={event.result === "OK" ? "success" : "error"}>{event.result}</StatusIndicator>,
        },
        { id: "from", header: "From", cell: (event) => event.source },
        { id: "ms", header: "ms", cell: (event) => event.ms },
      ]}
    />
  );
}
