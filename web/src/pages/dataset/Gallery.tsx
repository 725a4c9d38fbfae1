import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { address, post } from "../../api/client";
import { count } from "../../api/format";
import { projectPath } from "../../api/names";
import { imagesOf, refreshDataset, useImages, type Filters } from "../../api/queries";
import type { DatasetType, LabelOfDataset } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { labelColours } from "../../editor/colours";
import { AssignLabels } from "./AssignLabels";
import { GalleryItem } from "./GalleryItem";
import { NameFilter } from "./NameFilter";
import { Pager } from "./Pager";
import { useSelection } from "./selection";

const SIZES = [24, 48, 96].map((size) => ({ value: String(size), label: `${size} a page` }));
const STATES = [
  { value: "", label: "All images" },
  { value: "labeled", label: "Labelled" },
  { value: "unlabeled", label: "Unlabelled" },
  { value: "errors", label: "With errors" },
];
/** A page begins behind a token, the first one behind none. */
type Token = string | null;

interface Place {
  /** The pages turned to so far, and of which filters they are. */
  turned?: { scope: string; tokens: Token[] };
  /** The image that one comes to label. */
  assign?: string;
}

interface Props {
  arn: string;
  name: string;
  type: DatasetType;
  labels: LabelOfDataset[];
  total: number;
  onAdd: () => void;
}

/** The images of a dataset, a page at a time: filtered, selected, labelled, deleted. */
export function Gallery({ arn, name, type, labels, total, onAdd }: Props) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [parameters, setParameters] = useSearchParams();
  const place = (useLocation().state ?? {}) as Place;
  const { assign } = place;
  const [dialog, setDialog] = useState<"labels" | "remove" | null>(assign ? "labels" : null);
  const state = parameters.get("show") ?? "";
  const size = Number(SIZES.find(({ value }) => value === parameters.get("size"))?.value ?? 48);
  const filters: Filters = {
    label: parameters.get("label") ?? undefined,
    labeled: state === "labeled" ? true : state === "unlabeled" ? false : undefined,
    errors: state === "errors",
    text: parameters.get("text") ?? undefined,
  };
  const filtered = Boolean(filters.label ?? (state || filters.text));
  const scope = JSON.stringify([filters, size]);
  // Other filters begin with the first page; the token of a page is of no use for them.
  const tokens = place.turned?.scope === scope ? place.turned.tokens : [null];
  const token = tokens.at(-1) ?? undefined;
  const page = useImages(arn, true, filters, token, size);
  const images = useMemo(() => page.data?.Images ?? [], [page.data]);
  const next = page.data?.NextToken;
  const top = useRef<HTMLDivElement>(null);
  const selection = useSelection(
    images.map((image) => image.SourceRef),
    assign,
  );
  const chosen = selection.chosen.length;
  const all = chosen > 0 && chosen === images.length;
  const colours = useMemo(
    () => labelColours(labels.map((label) => ({ name: label.Name, colour: label.Colour }))),
    [labels],
  );
  usePrefetch(arn, filters, next, size);

  const setFilter = (changes: Record<string, string | undefined>) =>
    setParameters((known) => {
      for (const [key, value] of Object.entries(changes)) {
        if (value) known.set(key, value);
        else known.delete(key);
      }
      return known;
    });

  /** The page stays with this visit in the browser's history, so that one comes back to it from the editor. */
  function turn(tokens: Token[]) {
    void navigate({ search: `?${parameters}` }, { replace: true, state: { turned: { scope, tokens } } satisfies Place });
    top.current?.scrollIntoView({ block: "start" });
  }

  async function removeImages() {
    await post("images/remove", { DatasetArn: arn, SourceRefs: selection.chosen });
    if (chosen === images.length && tokens.length > 1) turn(tokens.slice(0, -1));
    selection.clear();
    await refreshDataset(client, arn);
  }

  function draw() {
    const refs = selection.chosen.length ? selection.chosen : images.map((image) => image.SourceRef);
    const back = `?${parameters.toString()}`;
    void navigate(`${projectPath(name, "datasets", type.toLowerCase(), "draw")}`, { state: { refs, back, place } });
  }

  if (fatal(page)) return <Failure error={page.error} retry={() => void page.refetch()} />;
  if (!total) return <Empty onAdd={onAdd} />;
  return (
    <div ref={top} className="gallery-top">
      <Container
        header={
          <Header
            variant="h2"
            counter={filtered ? undefined : `(${total.toLocaleString()})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!chosen} onClick={() => setDialog("remove")}>
                  Delete images
                </Button>
                <Button disabled={!chosen} onClick={() => setDialog("labels")}>
                  Assign image-level labels
                </Button>
                <Button variant="primary" disabled={!images.length} onClick={draw}>
                  Draw bounding boxes
                </Button>
              </SpaceBetween>
            }
          >
            Images
          </Header>
        }
      >
        <SpaceBetween size="m">
          <SpaceBetween direction="horizontal" size="s" alignItems="center">
            <NameFilter text={filters.text ?? ""} onChange={(text) => setFilter({ text })} />
            <Select
              ariaLabel="Which images"
              options={STATES}
              selectedOption={STATES.find((option) => option.value === state) ?? null}
              onChange={({ detail }) => setFilter({ show: detail.selectedOption.value })}
            />
            <Select
              ariaLabel="Images a page"
              options={SIZES}
              selectedOption={SIZES.find((option) => option.value === String(size)) ?? null}
              onChange={({ detail }) => setFilter({ size: detail.selectedOption.value })}
            />
            <Button onClick={selection.toggleAll} disabled={!images.length} ariaLabel={all ? "Select none" : "Select all on this page"}>
              {all ? "Select none" : "Select all"}
            </Button>
            {/* Here, where it moves nothing: what is clicked next stays where it is. */}
            <span aria-live="polite">{chosen > 0 && `(${chosen} selected)`}</span>
          </SpaceBetween>
          {page.isPending && <Loading />}
          {images.length === 0 && !page.isPending ? (
            <Box textAlign="center" padding="l">
              <SpaceBetween size="s">
                <b>No image fits</b>
                <Button onClick={() => setParameters({})}>Show all images</Button>
              </SpaceBetween>
            </Box>
          ) : (
            <ul className="gallery" aria-label="Images" aria-busy={page.isFetching}>
              {images.map((image, i) => (
                <GalleryItem
                  key={image.SourceRef}
                  image={image}
                  colours={colours}
                  selected={selection.has(image.SourceRef)}
                  onSelect={(range) => selection.toggle(i, range)}
                />
              ))}
            </ul>
          )}
          <Pager
            page={tokens.length}
            pages={Math.ceil(total / size)}
            counted={!filtered}
            more={Boolean(next)}
            onPrevious={() => turn(tokens.slice(0, -1))}
            onNext={() => turn([...tokens, next ?? null])}
          />
        </SpaceBetween>
      </Container>
      {dialog === "labels" && chosen > 0 && (
        <AssignLabels arn={arn} labels={labels} images={images.filter((image) => selection.has(image.SourceRef))} onClose={() => setDialog(null)} />
      )}
      {dialog === "remove" && (
        <Confirm title={`Delete ${count(chosen, "image")} from the dataset?`} action="Delete" onConfirm={removeImages} onClose={() => setDialog(null)}>
          <Box>Their labels and boxes are deleted, too. The files stay in the bucket.</Box>
        </Confirm>
      )}
    </div>
  );
}

function Empty({ onAdd }: { onAdd: () => void }) {
  return (
    <Container>
      <Box textAlign="center" padding="xxl">
        <SpaceBetween size="m">
          <Box variant="h2">This dataset has no images yet</Box>
          <Box variant="p">Add some: PNG and JPEG files, hundreds at once. Folders keep their names as labels, if you like.</Box>
          <Button variant="primary" iconName="upload" onClick={onAdd}>
            Add images
          </Button>
        </SpaceBetween>
      </Box>
    </Container>
  );
}

/** Asks for the next page and its small pictures ahead, so that turning to it takes no time. */
function usePrefetch(arn: string, filters: Filters, next: string | undefined, size: number) {
  const client = useQueryClient();
  const scope = JSON.stringify(filters);
  useEffect(() => {
    if (!next) return;
    const known = JSON.parse(scope) as Filters;
    const timer = window.setTimeout(() => {
      void client
        .fetchQuery({
          queryKey: ["images", arn, known, next, size],
          queryFn: () => imagesOf(arn, known, next, size),
          staleTime: 5000,
        })
        .then((page) => {
          for (const image of page.Images) new Image().src = address("thumbnail", { SourceRef: image.SourceRef });
        })
        .catch(() => undefined);
    }, 300);
    return () => window.clearTimeout(timer);
  }, [client, arn, scope, next, size]);
}
