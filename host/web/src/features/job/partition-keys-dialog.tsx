import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { PartitionService } from "@/gen/penstock/host/v1/partition_pb";
import { askAgain } from "@/lib/ask-again";
import { plural } from "@/lib/plural";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Label, Select, TextLines } from "@/ui/field";
import { Note } from "@/ui/panel";
import styles from "./partitions.module.css";

/** Adds and removes keys of a dimension whose keys the host keeps. */
export function PartitionKeysDialog({ job, dimensions, picked, onClose }: {
  job: string;
  /** Names of the dimensions whose keys change. */
  dimensions: readonly string[];
  /** Keys that are selected, to be removed. */
  picked: readonly string[];
  onClose: () => void;
}) {
  const id = useId();
  const cache = useQueryClient();
  const [dimension, setDimension] = useState(dimensions[0] ?? "");
  const [added, setAdded] = useState("");
  const [removed, setRemoved] = useState(picked.join("\n"));
  const [add, remove] = [linesOf(added), linesOf(removed)];
  const { mutate, isPending, error } = useMutation(PartitionService.method.changePartitionKeys, {
    onSuccess: () => {
      askAgain(cache, createConnectQueryKey({ schema: PartitionService, cardinality: undefined }));
      onClose();
    },
  });
  const some = add.length + remove.length > 0;
  const what = [...(add.length > 0 ? [`add ${plural(add.length, "key")}`] : []), ...(remove.length > 0 ? [`remove ${plural(remove.length, "key")}`] : [])].join(", ");
  return (
    <Dialog
      title="Keys of partitions"
      opened
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave them as they are</Button>
          <Button look={remove.length > 0 ? "danger" : "primary"} aria-disabled={!some || isPending} onClick={() => { if (some && !isPending) mutate({ job, dimension, add, remove }); }}>
            {some ? what.slice(0, 1).toUpperCase() + what.slice(1) : "Change keys"}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        {dimensions.length > 1 && (
          <Select aria-label="Dimension" value={dimension} onChange={(event) => { setDimension(event.target.value); }}>
            {dimensions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Select>
        )}
        <div>
          <Label htmlFor={`${id}a`}>Keys to add, a line each</Label>
          <TextLines id={`${id}a`} mono rows={3} value={added} onChange={(event) => { setAdded(event.target.value); }} />
        </div>
        <div>
          <Label htmlFor={`${id}r`}>Keys to remove, a line each</Label>
          <TextLines id={`${id}r`} mono rows={3} value={removed} onChange={(event) => { setRemoved(event.target.value); }} />
        </div>
        <Note>Keys that are there already stay. Runs of a key that is removed stay, too, and are there again when it is added again.</Note>
        {error !== null && <Failure doing="change the keys" error={error} />}
      </div>
    </Dialog>
  );
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
