import { compileDocumentStage, isDocumentStage } from "../aggregate/document-stages.ts";
import { MongoError } from "../mongo-error.ts";
import { UPDATE_STAGES } from "../product-commands.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";

/** @throws MongoError `InvalidOptions` for a stage that is not in `UPDATE_STAGES`. */
export function compilePipelineUpdate(
  pipeline: readonly unknown[],
): (document: BsonDocument) => BsonDocument {
  const stages = pipeline.map((stage) => {
    const entries = isDocument(stage) ? Object.entries(stage) : [];
    const [entry] = entries;
    if (entry === undefined || entries.length !== 1)
      throw new MongoError("BadValue", "a pipeline stage has exactly one field");
    const [name, operand] = entry;
    if (!isDocumentStage(name) || !UPDATE_STAGES.includes(name)) {
      throw new MongoError("InvalidOptions", `${name} is not allowed to be used within an update`);
    }
    return compileDocumentStage(name, operand);
  });
  return (document) => stages.reduce((next, stage) => stage(next), document);
}
