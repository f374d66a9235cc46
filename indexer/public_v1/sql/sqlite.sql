{#- How SQLite writes what the views need: amounts and times are text, flags are 0 and 1. -#}
{% macro view(name) %}public_v1_{{ name }}{% endmacro %}
{% macro hex(octets) %}CASE WHEN {{ octets }} IS NOT NULL THEN '0x' || lower(hex({{ octets }})) END{% endmacro %}
{% macro time(unix_s) %}strftime('%Y-%m-%dT%H:%M:%SZ', {{ unix_s }}, 'unixepoch'){% endmacro %}
{% macro monday(week) %}date({{ week }} * 604800 + 345600, 'unixepoch'){% endmacro %}
{% macro digits(row) -%}
printf('%d%010d%010d',
        {{ row }}.amount_e20 + ({{ row }}.amount_e10 + {{ row }}.amount_e0 / 10000000000) / 10000000000,
        ({{ row }}.amount_e10 + {{ row }}.amount_e0 / 10000000000) % 10000000000,
        {{ row }}.amount_e0 % 10000000000)
{%- endmacro %}
{% macro without_zeros(text) %}coalesce(nullif(ltrim({{ text }}, '0'), ''), '0'){% endmacro %}
{% macro base_units(row) %}{{ without_zeros(digits(row)) }}{% endmacro %}
{% macro tokens(row, decimals) -%}
CASE
        WHEN {{ decimals }} = 0 THEN {{ base_units(row) }}
        WHEN {{ decimals }} <= 36 THEN
            {{ without_zeros("substr(" ~ digits(row) ~ ", 1, length(" ~ digits(row) ~ ") - " ~ decimals ~ ")") }}
            || '.' || substr('{{ '0' * 36 }}' || {{ digits(row) }}, -{{ decimals }})
    END
{%- endmacro %}
{% macro digits_of(text) %}{{ text }}{% endmacro %}
{% macro argument(row, name) %}json_extract({{ row }}.arguments, '$.{{ name }}'){% endmacro %}
{% macro number(row, name) %}CAST(json_extract({{ row }}.arguments, '$.{{ name }}') AS INTEGER){% endmacro %}
{% macro truth(row, name) %}json_extract({{ row }}.arguments, '$.{{ name }}'){% endmacro %}
