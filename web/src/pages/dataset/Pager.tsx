import Button from "@cloudscape-design/components/button";

interface PagerProps {
  page: number;
  pages: number;
  counted: boolean;
  more: boolean;
  onPrevious: () => void;
  onNext: () => void;
}

/** Turns pages that are had one after the other; how many there are is known of all images only. */
export function Pager({ page, pages, counted, more, onPrevious, onNext }: PagerProps) {
  return (
    <div className="pager">
      <Button iconName="angle-left" ariaLabel="Previous page" disabled={page === 1} onClick={onPrevious} />
      <span aria-live="polite">
        Page {page.toLocaleString()}
        {counted && pages > 1 ? ` of ${pages.toLocaleString()}` : ""}
      </span>
      <Button iconName="angle-right" ariaLabel="Next page" disabled={!more} onClick={onNext} />
    </div>
  );
}
