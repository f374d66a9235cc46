"use strict";

const { Column, Entity, PrimaryColumn } = require("typeorm");

class Inference {
  constructor(values) {
    Object.assign(this, values);
  }
}

const TEXT = ["receiptHash", "payer", "prover", "modelId", "asset", "requestHash", "responseHash", "terms"];

PrimaryColumn("text")(Inference.prototype, "id");
for (const name of TEXT) Column("text", { nullable: false })(Inference.prototype, name);
for (const name of ["tier", "block"]) Column("int4", { nullable: false })(Inference.prototype, name);
Entity("inference")(Inference);

exports.Inference = Inference;
