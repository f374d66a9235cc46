{%- macro amounts(row, decimals) -%}
    {{ base_units(row) }} AS amount_base_units,
    {{ tokens(row, decimals) }} AS amount
{%- endmacro -%}
{%- macro tier(number) -%}
CASE {{ number }} WHEN 1 THEN 'signed' WHEN 2 THEN 'tee' WHEN 3 THEN 'zkml' END
{%- endmacro -%}
{#- Where the event `e` stands, with the joins of `at`. -#}
{%- macro place() %}
    d.chain_id,
    {{ hex("d.settlement") }} AS settlement,
    e.id >> 20 & 68719476735 AS block_number,
    {{ time("b.timestamp_s") }} AS block_time,
    CAST(e.id & 1048575 AS integer) AS log_index,
    {{ hex("e.transaction_hash") }} AS transaction_hash,
    e.id >> 20 & 68719476735 <= coalesce(d.final_block, -1) AS final
{%- endmacro -%}
{%- macro at(table) -%}
FROM {{ table }} AS e
JOIN deployment AS d ON d.id = e.id >> 56
JOIN block AS b ON b.id = e.id >> 20
{%- endmacro -%}
{#- Unix time of the first event of a kind about the subject of `e`. -#}
{%- macro first_of(event) -%}
(SELECT min(o_b.timestamp_s) {{ others(event, "JOIN block AS o_b ON o_b.id = o.id >> 20") }})
{%- endmacro -%}
{%- macro others(event, join="") -%}
FROM registry_event AS o {{ join }}
        WHERE o.subject = e.subject AND o.id >> 56 = d.id AND o.contract = e.contract AND o.event = '{{ event }}'
{%- endmacro -%}
CREATE VIEW {{ view("deployments") }} AS
SELECT
    d.chain_id,
    {{ hex("d.settlement") }} AS settlement,
    CASE WHEN d.last_block_hash IS NOT NULL THEN d.next_block - 1 END AS indexed_block,
    {{ time("d.last_block_timestamp_s") }} AS indexed_block_time,
    d.final_block,
    {{ hex("b.hash") }} AS final_block_hash,
    {{ time("b.timestamp_s") }} AS final_block_time
FROM deployment AS d
LEFT JOIN block AS b ON b.id = (CAST(d.id AS bigint) << 36 | d.final_block);

CREATE VIEW {{ view("settled") }} AS
SELECT{{ place() }},
    {{ monday("((b.timestamp_s - 345600) / 604800)") }} AS week,
    e.seq,
    {{ hex("e.receipt_hash") }} AS receipt_hash,
    {{ hex("payer.value") }} AS payer,
    {{ hex("prover.value") }} AS prover,
    {{ hex("model.value") }} AS model_id,
    {{ tier("e.tier") }} AS tier,
    {{ tier("e.floor") }} AS floor,
    {{ tier("CASE WHEN e.development OR e.unbound THEN 1 ELSE e.tier END") }} AS counted_tier,
    CASE e.scheme WHEN 0 THEN 'none' WHEN 1 THEN 'upto' WHEN 2 THEN 'upto_with_permit'
        WHEN 3 THEN 'batch_settlement' WHEN 4 THEN 'exact' END AS scheme,
    e.development,
    e.unbound,
    {{ hex("asset.value") }} AS asset,
    a.decimals AS asset_decimals,
    {{ amounts("e", "a.decimals") }},
    CASE WHEN e.served_at_s >= 0 THEN e.served_at_s END AS served_at_s,
    {{ hex("e.request_hash") }} AS request_hash,
    {{ hex("e.response_hash") }} AS response_hash
{{ at("inference") }}
LEFT JOIN address AS payer ON payer.id = e.payer_id
LEFT JOIN address AS prover ON prover.id = e.prover_id
LEFT JOIN model ON model.id = e.model_id
LEFT JOIN address AS asset ON asset.id = e.asset_id
LEFT JOIN asset AS a ON a.deployment_id = d.id AND a.address_id = e.asset_id;

CREATE VIEW {{ view("settled_final") }} AS
SELECT * FROM {{ view("settled") }} WHERE final;

CREATE VIEW {{ view("payer_week") }} AS
SELECT
    d.chain_id,
    {{ hex("d.settlement") }} AS settlement,
    {{ monday("((r.day - 4) / 7)") }} AS week,
    {{ hex("payer.value") }} AS payer,
    CAST(sum(r.inferences) AS bigint) AS inferences,
    CAST(sum(CASE WHEN r.tier = 1 OR r.development OR r.unbound THEN r.inferences ELSE 0 END) AS bigint) AS signed,
    CAST(sum(CASE WHEN r.tier = 2 AND NOT r.development AND NOT r.unbound THEN r.inferences ELSE 0 END) AS bigint) AS tee,
    CAST(sum(CASE WHEN r.tier = 3 AND NOT r.development AND NOT r.unbound THEN r.inferences ELSE 0 END) AS bigint) AS zkml
FROM rollup_day_payer AS r
JOIN deployment AS d ON d.id = r.deployment_id
JOIN block AS b ON b.id = (CAST(d.id AS bigint) << 36 | d.final_block)
JOIN address AS payer ON payer.id = r.payer_id
WHERE CAST(r.day - 4 AS bigint) / 7 < (b.timestamp_s - 345600) / 604800
GROUP BY d.chain_id, d.settlement, (r.day - 4) / 7, payer.value;

CREATE VIEW {{ view("tallies") }} AS
SELECT
    d.chain_id,
    {{ hex("d.settlement") }} AS settlement,
    d.next_block - 1 AS as_of_block,
    {{ tier("r.tier") }} AS tier,
    r.development,
    r.unbound,
    {{ hex("asset.value") }} AS asset,
    a.decimals AS asset_decimals,
    r.inferences,
    {{ amounts("r", "a.decimals") }}
FROM rollup AS r
JOIN deployment AS d ON d.id = r.deployment_id
LEFT JOIN address AS asset ON asset.id = r.asset_id
LEFT JOIN asset AS a ON a.deployment_id = d.id AND a.address_id = r.asset_id;

CREATE VIEW {{ view("models") }} AS
SELECT{{ place() }},
    {{ hex("e.subject") }} AS model_id,
    {{ argument("e", "owner") }} AS owner,
    {{ argument("e", "weightsHash") }} AS weights_hash,
    {{ argument("e", "uri") }} AS uri,
    (SELECT count(*) {{ others("CircuitAdded") }}) AS circuits,
    (SELECT count(*) {{ others("CircuitStopped") }}) AS stopped_circuits,
    {{ time(first_of("ModelDeprecated")) }} AS deprecated_at
{{ at("registry_event") }}
WHERE e.contract = 'ModelRegistry' AND e.event = 'ModelRegistered';

CREATE VIEW {{ view("enclaves") }} AS
SELECT{{ place() }},
    {{ hex("e.subject") }} AS key,
    {{ argument("e", "prover") }} AS prover,
    {{ argument("e", "modelId") }} AS model_id,
    CASE {{ number("e", "kind") }} WHEN 1 THEN 'secp256k1' WHEN 2 THEN 'p256' WHEN 3 THEN 'rsa_pss_2048' END AS key_kind,
    CASE {{ number("e", "platform") }} WHEN 1 THEN 'nitro' WHEN 2 THEN 'tdx' WHEN 3 THEN 'development' END AS platform,
    {{ argument("e", "measurement") }} AS measurement,
    {{ truth("e", "development") }} AS development,
    {{ time(number("e", "validFrom")) }} AS valid_from,
    {{ time("coalesce((SELECT max(" ~ number("o", "validUntil") ~ ") " ~ others("EnclaveRenewed") ~ "), " ~ number("e", "validUntil") ~ ")") }} AS valid_until,
    {{ time("(SELECT min(" ~ number("o", "revokedAt") ~ ") " ~ others("EnclaveRevoked") ~ ")") }} AS revoked_at,
    {{ time("(SELECT min(" ~ number("o", "compromisedAt") ~ ") " ~ others("EnclaveCompromised") ~ ")") }} AS compromised_at
{{ at("registry_event") }}
WHERE e.contract = 'EnclaveRegistry' AND e.event = 'EnclaveRegistered';

CREATE VIEW {{ view("routes") }} AS
SELECT{{ place() }},
    {{ hex("e.subject") }} AS route,
    {{ argument("e", "verifier") }} AS verifier,
    {{ tier(number("e", "tier")) }} AS tier,
    {{ truth("e", "deterministic") }} AS deterministic,
    {{ time(number("e", "activeFrom")) }} AS active_from,
    {{ time(first_of("RouteActivated")) }} AS activated_at,
    {{ time(first_of("RouteStopped")) }} AS stopped_at,
    {{ time(first_of("ContradictionShown")) }} AS contradicted_at
{{ at("registry_event") }}
WHERE e.contract = 'VerifierRouter' AND e.event = 'RouteAdded';

CREATE VIEW {{ view("groups") }} AS
SELECT{{ place() }},
    {{ hex("e.root") }} AS root,
    {{ hex("prover.value") }} AS prover,
    {{ hex("model.value") }} AS model_id,
    {{ hex("e.route") }} AS route,
    {{ hex("e.key") }} AS key,
    {{ tier("e.tier") }} AS tier,
    e.development,
    e.unbound,
    e.settled,
    e.skipped
{{ at("group_settled") }}
LEFT JOIN address AS prover ON prover.id = e.prover_id
LEFT JOIN model ON model.id = e.model_id;

CREATE VIEW {{ view("skipped") }} AS
SELECT{{ place() }},
    'receipt' AS kind,
    {{ hex("e.receipt_hash") }} AS receipt_hash,
    {{ hex("payer.value") }} AS payer,
    {{ hex("prover.value") }} AS prover,
    CAST(NULL AS text) AS model_id,
    CAST(NULL AS text) AS route,
    e.reason_name,
    {{ hex("e.reason") }} AS reason
{{ at("receipt_skipped") }}
LEFT JOIN address AS payer ON payer.id = e.payer_id
LEFT JOIN address AS prover ON prover.id = e.prover_id
UNION ALL
SELECT{{ place() }},
    'group',
    CAST(NULL AS text),
    CAST(NULL AS text),
    {{ hex("prover.value") }},
    {{ hex("model.value") }},
    {{ hex("e.route") }},
    e.reason_name,
    {{ hex("e.reason") }}
{{ at("group_skipped") }}
LEFT JOIN address AS prover ON prover.id = e.prover_id
LEFT JOIN model ON model.id = e.model_id;

CREATE VIEW {{ view("refunds") }} AS
SELECT{{ place() }},
    {{ hex("payer.value") }} AS payer,
    {{ hex("prover.value") }} AS prover,
    {{ hex("asset.value") }} AS asset,
    a.decimals AS asset_decimals,
    {{ amounts("e", "a.decimals") }}
{{ at("channel_refunded") }}
LEFT JOIN address AS payer ON payer.id = e.payer_id
LEFT JOIN address AS prover ON prover.id = e.prover_id
LEFT JOIN address AS asset ON asset.id = e.asset_id
LEFT JOIN asset AS a ON a.deployment_id = d.id AND a.address_id = e.asset_id;

CREATE VIEW {{ view("recorded") }} AS
SELECT
    e.chain_id,
    s.kind AS source,
    {{ hex("s.contract") }} AS contract,
    e.block AS block_number,
    {{ time("e.block_timestamp_s") }} AS block_time,
    e.log_index,
    {{ hex("e.transaction_hash") }} AS transaction_hash,
    'recorded, unverified' AS status,
    e.form,
    e.repeated,
    {{ hex("e.root") }} AS root,
    {{ digits_of("e.claimed_batch_size") }} AS claimed_batch_size,
    {{ hex("e.tee_id") }} AS tee_id,
    {{ hex("e.input_hash") }} AS input_hash,
    {{ hex("e.output_hash") }} AS output_hash,
    e.claimed_timestamp,
    {{ hex("e.payer") }} AS payer,
    {{ hex("e.payee") }} AS payee,
    {{ hex("e.asset") }} AS asset,
    {{ digits_of("e.amount_base_units") }} AS amount_base_units
FROM recorded_settlement AS e
JOIN recorded_source AS s ON s.id = e.source_id;

CREATE VIEW {{ view("incidents") }} AS
SELECT
    d.chain_id,
    {{ hex("d.settlement") }} AS settlement,
    i.first_block,
    i.last_block,
    i.kind,
    {{ time("i.noticed_at_s") }} AS noticed_at,
    i.resolved
FROM incident AS i
JOIN deployment AS d ON d.id = i.deployment_id;
